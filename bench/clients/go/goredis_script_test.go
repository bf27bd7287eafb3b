package clients

import (
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// A fixed-window rate limiter, as applications have them.
var limiter = redis.NewScript(`
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
if n > tonumber(ARGV[1]) then return {0, redis.call('PTTL', KEYS[1]) > 0 and 'wait' or 'go'} end
return {1, n}`)

func TestScripts(t *testing.T) {
	bothProtocols(t, func(t *testing.T, rdb *redis.Client) {
		want(t, rdb.ScriptFlush(ctx), "OK")
		want(t, limiter.Exists(ctx, rdb), []bool{false})
		wantError(t, limiter.EvalSha(ctx, rdb, []string{"k"}, 2, 60000), "NOSCRIPT No matching script")
		for i, expected := range []any{[]any{int64(1), int64(1)}, []any{int64(1), int64(2)}, []any{int64(0), "wait"}} {
			same(t, "call "+string(rune('1'+i)), must(t, limiter.Run(ctx, rdb, []string{"k"}, 2, 60000)), expected)
		}
		want(t, limiter.Exists(ctx, rdb), []bool{true})
		want(t, limiter.Load(ctx, rdb), limiter.Hash())
		eval := func(text string, expected any, args ...any) {
			t.Helper()
			same(t, text, must(t, rdb.Eval(ctx, text, []string{"key"}, args...)), expected)
		}
		eval("return {1, 3.9, 'text', true, {ok='fine'}, {2}, false}", []any{int64(1), int64(3), "text", int64(1), "fine", []any{int64(2)}, nil})
		eval("return KEYS[1] .. ARGV[1] .. #ARGV", "keya2", "a", "b")
		eval("return cjson.encode({1, 'two', cjson.decode(ARGV[1]).x})", `[1,"two",{"y":null}]`, `{"x":{"y":null}}`)
		eval("return cmsgpack.unpack(cmsgpack.pack({'x', 1}))", []any{"x", int64(1)})
		eval("return redis.sha1hex('')", "da39a3ee5e6b4b0d3255bfef95601890afd80709")
		eval("redis.call('SET', KEYS[1], 'v'); return redis.call('GET', KEYS[1])", "v")
		eval("local r = redis.pcall('INCR', KEYS[1]); return r.err and 'failed' or 'worked'", "failed")
		wantError(t, rdb.Eval(ctx, "return redis.call('INCR', KEYS[1])", []string{"key"}), "ERR value is not an integer or out of range")
		wantError(t, rdb.Eval(ctx, "return {err='MINE own words'}", nil), "MINE own words")
		wantError(t, rdb.Eval(ctx, "x = 1", nil), "Attempt to modify a readonly table")
		wantError(t, rdb.Eval(ctx, "return (", nil), "ERR Error compiling script")
		nothing(t, rdb.Eval(ctx, "return nil", nil))
		wantError(t, rdb.EvalRO(ctx, "return redis.call('SET', KEYS[1], 1)", []string{"key"}), "Write commands are not allowed from read-only scripts")
		pipe := rdb.Pipeline()
		first, second := limiter.EvalSha(ctx, pipe, []string{"p"}, 1, 60000), limiter.EvalSha(ctx, pipe, []string{"p"}, 1, 60000)
		_, err := pipe.Exec(ctx)
		check(t, err)
		same(t, "first in the pipeline", first.Val(), any([]any{int64(1), int64(1)}))
		same(t, "second in the pipeline", second.Val(), any([]any{int64(0), "wait"}))
	})
}

// A script that does not end: others are told, and an operator ends it.
func TestScriptKill(t *testing.T) {
	bothProtocols(t, func(t *testing.T, rdb *redis.Client) {
		want(t, rdb.ConfigSet(ctx, "lua-time-limit", "50"), "OK")
		defer rdb.ConfigSet(ctx, "lua-time-limit", "5000")
		ended := make(chan error, 1)
		endless := redis.NewClient(&redis.Options{Addr: rdb.Options().Addr, MaxRetries: -1, ReadTimeout: patience})
		defer endless.Close()
		go func() { ended <- endless.Eval(ctx, "while true do end", nil).Err() }()
		quick := redis.NewClient(&redis.Options{Addr: rdb.Options().Addr, MaxRetries: -1, ReadTimeout: patience})
		defer quick.Close()
		within(t, "BUSY", func() bool {
			select {
			case err := <-ended:
				t.Fatal("the endless script ended: ", err)
			default:
			}
			err := quick.Ping(ctx).Err()
			return err != nil && strings.HasPrefix(err.Error(), "BUSY ")
		})
		want(t, quick.ScriptKill(ctx), "OK")
		if err := next(t, "the script's end", ended); err == nil || !strings.Contains(err.Error(), "Script killed by user with SCRIPT KILL") {
			t.Error("the killed script: ", err)
		}
		want(t, quick.Ping(ctx), "PONG")
		wantError(t, quick.ScriptKill(ctx), "NOTBUSY")
	})
}
