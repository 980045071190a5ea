/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The answer to one GET, read as it comes from whoever listens in a sidecar: bounded, strict
 * about framing, and interested in the status and in where a redirect leads.
 */
#ifndef ENTRYPOINT_HTTP_RESPONSE_H
#define ENTRYPOINT_HTTP_RESPONSE_H

#include <base/bounds.h>
#include <base/buf.h>
#include <stdint.h>

enum {
	HTTP_HEADER_BYTES = 64 * KIB, /* status line and header, of informational ones too */
	HTTP_BODY_BYTES = 10 * KIB,   /* what the kubelet reads of a body */
};

enum http_state {
	HTTP_STATUS_LINE,
	HTTP_HEADER,
	HTTP_BODY, /* n_left bytes of it, or until the connection ends */
	HTTP_CHUNK_SIZE,
	HTTP_CHUNK,
	HTTP_CHUNK_END,
	HTTP_TRAILER,
	HTTP_DONE, /* whole, or enough of it */
	HTTP_BAD,  /* problem says why */
};
struct http_response {
	enum http_state state;
	int status;          /* known from HTTP_BODY on */
	struct buf line;     /* the one being read */
	struct buf location; /* Location; empty: none */
	size_t n_header;     /* bytes so far */
	size_t n_body;
	bool has_length, is_chunked;
	uint64_t n_left;     /* of the body or the chunk */
	const char *problem; /* static text */
};

void http_response_init(struct http_response *r);
void http_response_release(struct http_response *r);
/* Takes bytes; those behind the end are dropped. */
enum http_state http_response_feed(struct http_response *r, const void *p, size_t n);
/* The connection has ended: HTTP_DONE or HTTP_BAD. */
enum http_state http_response_end(struct http_response *r);

#endif
