/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MONOPOD_VERSION_H
#define MONOPOD_VERSION_H

#define MONOPOD_VERSION "0.1.0"

#endif
