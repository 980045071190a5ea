/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1 responses: one byte moves one state. */
#include "http_response.h"

#include <base/num.h>

enum {
	STATUS_CONTINUE = 100,
	STATUS_SWITCHING = 101,
	STATUS_OK = 200,
	STATUS_NO_CONTENT = 204,
	STATUS_NOT_MODIFIED = 304,
	CHUNK_DIGITS = 15,
};

void http_response_init(struct http_response *r)
{
	*r = (struct http_response){.state = HTTP_STATUS_LINE};
	buf_init(&r->line, HTTP_HEADER_BYTES);
	buf_init(&r->location, HTTP_HEADER_BYTES);
}

void http_response_release(struct http_response *r)
{
	buf_release(&r->line);
	buf_release(&r->location);
}

static enum http_state bad(struct http_response *r, const char *problem)
{
	r->problem = problem;
	return HTTP_BAD;
}

/* --- lines ------------------------------------------------------------------------------- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static enum http_state take_status(struct http_response *r, struct str line)
{
	static const char head[] = "HTTP/1.x ";
	const size_t at = sizeof(head) - 1;

	if (line.n < at + 3 || !str_starts(line, STR("HTTP/1.")) || !is_digit(line.p[7]) ||
		line.p[8] != ' ' || (line.n > at + 3 && line.p[at + 3] != ' '))
		return bad(r, "the response is not HTTP");
	r->status = 0;
	for (size_t i = at; i < at + 3; i++) {
		if (!is_digit(line.p[i]))
			return bad(r, "the status of the response is not a number");
		r->status = r->status * 10 + (line.p[i] - '0');
	}
	return HTTP_HEADER;
}

static enum http_state take_length(struct http_response *r, struct str value)
{
	uint64_t n;

	if (num_u64(value, INT64_MAX, &n, NULL) || (r->has_length && n != r->n_left))
		return bad(r, "the Content-Length of the response is not one number");
	r->has_length = true;
	r->n_left = n;
	return HTTP_HEADER;
}

static enum http_state take_header(struct http_response *r, struct str line)
{
	struct str name, value;

	if (line.p[0] == ' ' || line.p[0] == '\t')
		return HTTP_HEADER; /* more of a value that nobody asks for */
	if (!str_cut(line, ':', &name, &value) || !name.n)
		return bad(r, "the header of the response has a line without a name");
	value = str_trim(value);
	if (str_ieq(name, STR("Content-Length")))
		return take_length(r, value);
	if (str_ieq(name, STR("Transfer-Encoding"))) {
		r->is_chunked = str_ieq(value, STR("chunked"));
		return r->is_chunked ? HTTP_HEADER
				     : bad(r, "the response has an unknown transfer encoding");
	}
	if (str_ieq(name, STR("Location")) && !r->location.n)
		buf_adds(&r->location, value);
	return HTTP_HEADER;
}

static enum http_state end_header(struct http_response *r)
{
	if (r->status >= STATUS_CONTINUE && r->status < STATUS_OK &&
		r->status != STATUS_SWITCHING) {
		r->has_length = r->is_chunked = false;
		buf_clear(&r->location);
		return HTTP_STATUS_LINE; /* the answer is still to come */
	}
	if (r->status < STATUS_OK || r->status == STATUS_NO_CONTENT ||
		r->status == STATUS_NOT_MODIFIED)
		return HTTP_DONE;
	if (r->is_chunked)
		return HTTP_CHUNK_SIZE;
	return r->has_length && !r->n_left ? HTTP_DONE : HTTP_BODY;
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static enum http_state take_chunk_size(struct http_response *r, struct str line)
{
	size_t i = 0;

	r->n_left = 0;
	for (; i < line.n && hex_digit(line.p[i]) >= 0; i++)
		r->n_left = r->n_left * 16 + (uint64_t)hex_digit(line.p[i]);
	if (i == 0 || i > CHUNK_DIGITS ||
		(i < line.n && line.p[i] != ';' && line.p[i] != ' ' && line.p[i] != '\t'))
		return bad(r, "a chunk of the response has no size");
	return r->n_left ? HTTP_CHUNK : HTTP_TRAILER;
}

static enum http_state take_line(struct http_response *r)
{
	struct str line = buf_str(&r->line);

	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	if (r->state == HTTP_STATUS_LINE)
		return take_status(r, line);
	if (r->state == HTTP_CHUNK_SIZE)
		return take_chunk_size(r, line);
	if (r->state == HTTP_CHUNK_END)
		return line.n ? bad(r, "a chunk of the response does not end")
			      : HTTP_CHUNK_SIZE;
	if (r->state == HTTP_TRAILER)
		return line.n ? HTTP_TRAILER : HTTP_DONE;
	return line.n ? take_header(r, line) : end_header(r);
}

/* --- bytes ------------------------------------------------------------------------------- */

static enum http_state feed_line(struct http_response *r, char c)
{
	enum http_state next;

	if (r->n_header++ >= HTTP_HEADER_BYTES)
		return bad(r, "the header of the response is larger than 64 KiB");
	if (c != '\n') {
		buf_addc(&r->line, c);
		return r->state;
	}
	next = take_line(r);
	buf_clear(&r->line);
	return next;
}

static enum http_state feed_body(struct http_response *r)
{
	if (++r->n_body >= HTTP_BODY_BYTES)
		return HTTP_DONE;
	if (r->state == HTTP_BODY && !r->has_length)
		return HTTP_BODY;
	if (--r->n_left)
		return r->state;
	return r->state == HTTP_CHUNK ? HTTP_CHUNK_END : HTTP_DONE;
}

enum http_state http_response_feed(struct http_response *r, const void *p, size_t n)
{
	const char *bytes = p;

	for (size_t i = 0; i < n && r->state != HTTP_DONE && r->state != HTTP_BAD; i++)
		r->state = r->state == HTTP_BODY || r->state == HTTP_CHUNK
				   ? feed_body(r)
				   : feed_line(r, bytes[i]);
	return r->state;
}

enum http_state http_response_end(struct http_response *r)
{
	if (r->state == HTTP_BODY && !r->has_length)
		r->state = HTTP_DONE;
	else if (r->state != HTTP_DONE && r->state != HTTP_BAD)
		r->state = bad(r, "the connection ended within the response");
	return r->state;
}
