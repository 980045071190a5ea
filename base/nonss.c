/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Linked into the static program only: the C library's name services, defined as failures. A
 * static glibc answers them by loading the host's plug-ins and libc into the process, which
 * crashes it on ordinary machines. Nothing of ours calls these; libevent and libcrypto mention
 * them in code that is not reached.
 */
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <stddef.h>

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
	struct addrinfo **ret)
{
	(void)node;
	(void)service;
	(void)hints;
	(void)ret;
	return EAI_FAIL;
}

void freeaddrinfo(struct addrinfo *list)
{
	(void)list;
}

const char *gai_strerror(int code)
{
	(void)code;
	return "name services are not part of this program";
}

/* NOLINTNEXTLINE(readability-function-size): the C library's own prototype */
int getnameinfo(const struct sockaddr *addr, socklen_t addr_bytes, char *host,
	socklen_t host_bytes, char *service, socklen_t service_bytes, int flags)
{
	(void)addr;
	(void)addr_bytes;
	(void)host;
	(void)host_bytes;
	(void)service;
	(void)service_bytes;
	(void)flags;
	return EAI_FAIL;
}

struct hostent *gethostbyname(const char *name)
{
	(void)name;
	return NULL;
}

struct hostent *gethostbyaddr(const void *addr, socklen_t addr_bytes, int family)
{
	(void)addr;
	(void)addr_bytes;
	(void)family;
	return NULL;
}

struct servent *getservbyname(const char *name, const char *protocol)
{
	(void)name;
	(void)protocol;
	return NULL;
}

struct protoent *getprotobynumber(int number)
{
	(void)number;
	return NULL;
}

void *dlopen(const char *file, int mode)
{
	(void)file;
	(void)mode;
	return NULL;
}

void *dlsym(void *restrict handle, const char *restrict name)
{
	(void)handle;
	(void)name;
	return NULL;
}

int dlclose(void *handle)
{
	(void)handle;
	return -1;
}

char *dlerror(void)
{
	static char text[] = "no plug-ins in this program";

	return text;
}

int dladdr(const void *addr, Dl_info *ret)
{
	(void)addr;
	(void)ret;
	return 0;
}
