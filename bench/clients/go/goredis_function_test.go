package clients

import (
	"testing"

	"github.com/redis/go-redis/v9"
)

const library = `#!lua name=mylib
local function greet(keys, args) return 'Hello, ' .. (redis.call('GET', keys[1]) or args[1]) end
redis.register_function{function_name='greet', callback=greet, flags={'no-writes'}, description='says hello'}
redis.register_function('store', function(keys, args) return redis.call('SET', keys[1], args[1]) end)
`

func TestFunctions(t *testing.T) {
	bothProtocols(t, func(t *testing.T, rdb *redis.Client) {
		want(t, rdb.FunctionLoad(ctx, library), "mylib")
		wantError(t, rdb.FunctionLoad(ctx, library), "ERR Library 'mylib' already exists")
		want(t, rdb.FunctionLoadReplace(ctx, library), "mylib")
		same(t, "FCALL_RO", must(t, rdb.FCallRO(ctx, "greet", []string{"k"}, "stranger")), any("Hello, stranger"))
		same(t, "FCALL", must(t, rdb.FCall(ctx, "store", []string{"k"}, "Ada")), any("OK"))
		same(t, "FCALL", must(t, rdb.FCall(ctx, "greet", []string{"k"}, "stranger")), any("Hello, Ada"))
		wantError(t, rdb.FCallRO(ctx, "store", []string{"k"}, "x"), "ERR Can not execute a script with write flag using *_ro command")
		wantError(t, rdb.FCall(ctx, "absent", nil), "ERR Function not found")
		list := must(t, rdb.FunctionList(ctx, redis.FunctionListQuery{LibraryNamePattern: "my*", WithCode: true}))
		if len(list) != 1 || list[0].Name != "mylib" || list[0].Engine != "LUA" || list[0].Code != library || len(list[0].Functions) != 2 {
			t.Errorf("FUNCTION LIST: %+v", list)
		}
		for _, f := range list[0].Functions {
			if f.Name == "greet" && (f.Description != "says hello" || len(f.Flags) != 1 || f.Flags[0] != "no-writes") {
				t.Errorf("function: %+v", f)
			}
		}
		stats := must(t, rdb.FunctionStats(ctx))
		if len(stats.Engines) != 1 || stats.Engines[0].LibrariesCount != 1 || stats.Engines[0].FunctionsCount != 2 {
			t.Errorf("FUNCTION STATS: %+v", stats)
		}
		dump := must(t, rdb.FunctionDump(ctx))
		want(t, rdb.FunctionDelete(ctx, "mylib"), "OK")
		want(t, rdb.FunctionRestore(ctx, dump), "OK")
		same(t, "FCALL", must(t, rdb.FCall(ctx, "greet", []string{"k"}, "")), any("Hello, Ada"))
		want(t, rdb.FunctionFlush(ctx), "OK")
		wantError(t, rdb.FunctionKill(ctx), "NOTBUSY")
	})
}
