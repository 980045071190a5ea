/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls without a C library, for code that runs between clone and exec and for
 * step-init. A call returns the kernel's value: a negative number is -errno. No errno, no
 * cancellation, no locks.
 */
#ifndef SANDBOX_INIT_RAWSYS_H
#define SANDBOX_INIT_RAWSYS_H

#include <stdint.h>
#include <sys/syscall.h>

#if defined(__x86_64__)

/* NOLINTNEXTLINE(readability-function-size): a system call has a number and six arguments */
static inline long raw_call(long n, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

/* clone(2) onto a stack of its own; the child calls fn(arg), which must not return. */
static inline long raw_clone_call(
	unsigned long flags, void *stack_top, void (*fn)(void *), void *arg)
{
	register void (*r12)(void *) __asm__("r12") = fn;
	register void *r13 __asm__("r13") = arg;
	register long r10 __asm__("r10") = 0;
	register long r8 __asm__("r8") = 0;
	long ret;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "mov %%r13, %%rdi\n\t"
			 "call *%%r12\n\t"
			 "ud2\n"
			 "1:"
			 : "=a"(ret)
			 : "0"((long)SYS_clone), "D"(flags), "S"(stack_top), "d"(0L), "r"(r10),
			 "r"(r8), "r"(r12), "r"(r13)
			 : "rcx", "r11", "memory", "cc");
	return ret;
}

#elif defined(__aarch64__)

/* NOLINTNEXTLINE(readability-function-size): a system call has a number and six arguments */
static inline long raw_call(long n, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = n;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory", "cc");
	return x0;
}

static inline long raw_clone_call(
	unsigned long flags, void *stack_top, void (*fn)(void *), void *arg)
{
	register long x8 __asm__("x8") = SYS_clone;
	register long x0 __asm__("x0") = (long)flags;
	register void *x1 __asm__("x1") = stack_top;
	register long x2 __asm__("x2") = 0;
	register long x3 __asm__("x3") = 0;
	register long x4 __asm__("x4") = 0;
	register void (*x9)(void *) __asm__("x9") = fn;
	register void *x10 __asm__("x10") = arg;

	__asm__ volatile("svc #0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x29, xzr\n\t"
			 "mov x0, x10\n\t"
			 "blr x9\n\t"
			 "brk #1\n"
			 "1:"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x9), "r"(x10)
			 : "memory", "cc", "x30");
	return x0;
}

#else
#error "no system call stubs for this architecture"
#endif

/* Casts so that pointers and numbers of any width can be given. */
#define sys0(n)             raw_call((n), 0, 0, 0, 0, 0, 0)
#define sys1(n, a)          raw_call((n), (long)(a), 0, 0, 0, 0, 0)
#define sys2(n, a, b)       raw_call((n), (long)(a), (long)(b), 0, 0, 0, 0)
#define sys3(n, a, b, c)    raw_call((n), (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define sys4(n, a, b, c, d) raw_call((n), (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define sys5(n, a, b, c, d, e)                                                                 \
	raw_call((n), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define sys6(n, a, b, c, d, e, f)                                                              \
	raw_call((n), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

#endif
