/* trace_html_private.h - what the parts of the page share. */
#pragma once

#include "report/trace_private.h"

struct page {
	struct buf *b;
	const struct trace *t;
	const struct report_run *run;
};

/* trace_html_text.c: text and nothing else, whatever a peer sent. */
void page_text(struct buf *b, struct slice s);
void page_str(struct buf *b, const char *s);
void page_look(const struct page *p, const char *id);
void page_sentence(const struct page *p, const struct text *t);
void page_where(const struct page *p); /* "sip_rejected in sip.send" */
void page_begin_section(const struct page *p, const char *title);

static inline double page_ms(ts_t t)
{
	return (double)t / 1e3;
}

/* trace_style.c */
extern const char trace_style[];

/* trace_html_ladder.c */
void page_put_ladder(const struct page *p);
