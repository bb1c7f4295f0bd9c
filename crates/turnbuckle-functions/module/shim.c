/*
 * The sandbox module: QuickJS-ng behind a handful of exports.
 *
 * Texts go in and out as UTF-8 in this memory. Every export that can fail leaves
 * its answer, or what was thrown as JSON, where `answer` and `answer_len` say.
 * What the module knows of the outside are the five functions that it imports and
 * the clock that wasi-libc asks for.
 */

#include <stdlib.h>
#include <string.h>

#include "quickjs.h"

#define IMPORT(name) __attribute__((import_module("turnbuckle"), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name)))

/* Asks the host for something; the length of what it says, which `take` copies. */
IMPORT("ask") extern size_t host_ask(const char *request, size_t length);
IMPORT("take") extern void host_take(char *to);
/* A line of the call's log. */
IMPORT("log") extern void host_log(const char *line, size_t length);
/* From 0 to below 1. */
IMPORT("random") extern double host_random(void);

static JSRuntime *runtime;
static JSContext *context;
/* What the prelude answered. */
static JSValue run, describe;

static char *answer_text;
static size_t answer_length;

static void put_answer(const char *text, size_t length)
{
    free(answer_text);
    answer_text = malloc(length ? length : 1);
    answer_length = answer_text ? length : 0;
    if (answer_text)
        memcpy(answer_text, text, length);
}

/* Answers a string value. Takes the value. */
static int answer_with(JSValue value)
{
    size_t length;
    const char *text = JS_ToCStringLen(context, &length, value);
    JS_FreeValue(context, value);
    if (!text)
        return 0;
    put_answer(text, length);
    JS_FreeCString(context, text);
    return 1;
}

/* Answers what was thrown. Where even that fails there is no memory left to say it in. */
static int answer_exception(void)
{
    static const char nothing[] = "{\"name\":\"InternalError\",\"message\":\"out of memory\"}";
    JSValue thrown = JS_GetException(context);
    JSValue described = JS_Call(context, describe, JS_UNDEFINED, 1, &thrown);
    JS_FreeValue(context, thrown);
    if (JS_IsException(described) || !answer_with(described)) {
        JS_FreeValue(context, JS_GetException(context));
        put_answer(nothing, sizeof(nothing) - 1);
    }
    return 0;
}

/* Finishes a value: a string is the answer, a promise is waited for. Takes the value. */
static int finish(JSValue value)
{
    if (JS_IsException(value))
        return answer_exception();
    if (!JS_IsPromise(value))
        return answer_with(value) ? 1 : answer_exception();
    JSContext *of_job;
    while (JS_PromiseState(context, value) == JS_PROMISE_PENDING) {
        int done = JS_ExecutePendingJob(runtime, &of_job);
        if (done < 0) {
            JS_FreeValue(context, value);
            return answer_exception();
        }
        if (done == 0) {
            JS_FreeValue(context, value);
            JS_ThrowInternalError(context, "it waits for a promise that nothing settles");
            return answer_exception();
        }
    }
    int is_kept = JS_PromiseState(context, value) == JS_PROMISE_FULFILLED;
    JSValue result = JS_PromiseResult(context, value);
    JS_FreeValue(context, value);
    if (!is_kept) {
        JS_Throw(context, result);
        return answer_exception();
    }
    return answer_with(result) ? 1 : answer_exception();
}

static JSValue js_ask(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
    size_t length;
    const char *request = JS_ToCStringLen(ctx, &length, argv[0]);
    if (!request)
        return JS_EXCEPTION;
    size_t said = host_ask(request, length);
    JS_FreeCString(ctx, request);
    char *text = js_malloc(ctx, said + 1);
    if (!text)
        return JS_EXCEPTION;
    host_take(text);
    JSValue value = JS_NewStringLen(ctx, text, said);
    js_free(ctx, text);
    return value;
}

static JSValue js_log(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
    size_t length;
    const char *line = JS_ToCStringLen(ctx, &length, argv[0]);
    if (!line)
        return JS_EXCEPTION;
    host_log(line, length);
    JS_FreeCString(ctx, line);
    return JS_UNDEFINED;
}

static JSValue js_random(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv)
{
    return JS_NewFloat64(ctx, host_random());
}

EXPORT("allocate") void *allocate(size_t length)
{
    return malloc(length ? length : 1);
}

EXPORT("release") void release(void *text)
{
    free(text);
}

EXPORT("answer") const char *answer(void)
{
    return answer_text;
}

EXPORT("answer_len") size_t answer_len(void)
{
    return answer_length;
}

/*
 * Makes the engine and runs the prelude: a function of `ask`, `log` and `random`
 * that answers the pair of functions [run, describe]. Called once, before the
 * snapshot. `source` must end with a NUL that `length` does not count.
 */
EXPORT("start") int start(const char *source, size_t length)
{
    runtime = JS_NewRuntime();
    context = runtime ? JS_NewContext(runtime) : NULL;
    if (!context)
        return 0;
    describe = JS_UNDEFINED;
    JSValue prelude = JS_Eval(context, source, length, "prelude.js", JS_EVAL_TYPE_GLOBAL);
    if (JS_IsException(prelude))
        return answer_exception();
    JSValue given[] = {
        JS_NewCFunction(context, js_ask, "ask", 1),
        JS_NewCFunction(context, js_log, "log", 1),
        JS_NewCFunction(context, js_random, "random", 0),
    };
    JSValue pair = JS_Call(context, prelude, JS_UNDEFINED, 3, given);
    if (JS_IsException(pair))
        return answer_exception();
    run = JS_GetPropertyUint32(context, pair, 0);
    describe = JS_GetPropertyUint32(context, pair, 1);
    JS_FreeValue(context, pair);
    JS_FreeValue(context, prelude);
    for (int i = 0; i < 3; i++)
        JS_FreeValue(context, given[i]);
    return 1;
}

/* Bounds what one call may take of memory and stack, in bytes. */
EXPORT("limit") void limit(size_t memory, size_t stack)
{
    JS_SetMemoryLimit(runtime, memory);
    JS_SetMaxStackSize(runtime, stack);
}

/* Runs a script as sloppy global code. `source` must end with a NUL. */
EXPORT("evaluate") int evaluate(const char *source, size_t length, const char *name)
{
    JS_UpdateStackTop(runtime);
    JSValue value = JS_Eval(context, source, length, name, JS_EVAL_TYPE_GLOBAL);
    if (JS_IsException(value))
        return answer_exception();
    JS_FreeValue(context, value);
    return 1;
}

/* Reads a script without running it. `source` must end with a NUL. */
EXPORT("check") int check(const char *source, size_t length, const char *name)
{
    JS_UpdateStackTop(runtime);
    JSValue value =
        JS_Eval(context, source, length, name, JS_EVAL_TYPE_GLOBAL | JS_EVAL_FLAG_COMPILE_ONLY);
    if (JS_IsException(value))
        return answer_exception();
    JS_FreeValue(context, value);
    return 1;
}

/* Calls what the prelude answered, with one text. */
EXPORT("call") int call(const char *input, size_t length)
{
    JS_UpdateStackTop(runtime);
    JSValue given = JS_NewStringLen(context, input, length);
    if (JS_IsException(given))
        return answer_exception();
    JSValue value = JS_Call(context, run, JS_UNDEFINED, 1, &given);
    JS_FreeValue(context, given);
    return finish(value);
}
