package capi_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"

	"spindle/bench/servers"
	"spindle/store/script/bit"
	"spindle/store/script/cjson"
	"spindle/store/script/cmsgpack"
	structlib "spindle/store/script/struct"
)

// The files in testdata hold one snippet of Lua per line, and those beside them what redis-server answers. Every one runs here,
// and what it returns or raises must be the same. prologue turns results into text without relying on how numbers print.
const prologue = `
local function show(v)
	local t = type(v)
	if t == "number" then
		if v ~= v then return "nan" elseif v == 1/0 then return "inf" elseif v == -1/0 then return "-inf" end
		return string.format("%.17g", v)
	elseif t == "string" then
		return '"' .. string.gsub(v, ".", function(c)
			local b = string.byte(c)
			if b < 32 or b > 126 or b == 92 then return string.format("\\%03d", b) end
			return c
		end) .. '"'
	elseif v == cjson.null then
		return "null"
	elseif t ~= "table" then
		return t == "boolean" and tostring(v) or t
	end
	local parts = {}
	for k, e in pairs(v) do parts[#parts + 1] = "[" .. show(k) .. "]=" .. show(e) end
	table.sort(parts)
	return "{" .. table.concat(parts, ",") .. "}"
end
local function results(ok, ...)
	local parts = {ok and "ok" or "error"}
	for i = 1, select("#", ...) do parts[i + 1] = show((select(i, ...))) end
	return table.concat(parts, " ")
end
return results(pcall(function() `

const epilogue = " end))"

func newState(t testing.TB) *lua.LState {
	L := lua.NewState(lua.Options{RegistryMaxSize: 1 << 20, CallStackSize: 200})
	t.Cleanup(L.Close)
	for _, open := range []func(*lua.LState){cjson.Open, cmsgpack.Open, bit.Open, structlib.Open} {
		open(L)
	}
	return L
}

// run returns the text that a snippet gives.
func run(t *testing.T, L *lua.LState, snippet string) string {
	t.Helper()
	fn, err := L.Load(strings.NewReader(prologue+snippet+epilogue), "user_script")
	if err != nil {
		t.Fatalf("%s: %v", snippet, err)
	}
	L.Push(fn)
	if err := L.PCall(0, 1, nil); err != nil {
		return "failed: " + err.Error()
	}
	defer L.Pop(1)
	return lua.LVAsString(L.Get(-1))
}

func snippets(t *testing.T, file string) []string {
	t.Helper()
	return slices.DeleteFunc(lines(t, file), func(s string) bool { return s == "" || strings.HasPrefix(s, "--") })
}

func lines(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

func eachFile(t *testing.T, f func(t *testing.T, file string)) {
	files, _ := filepath.Glob("testdata/*.lua")
	if len(files) < 4 {
		t.Fatalf("snippets in %v", files)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".lua"), func(t *testing.T) { f(t, file) })
	}
}

// TestLibraries compares with what redis-server said when it was asked last.
func TestLibraries(t *testing.T) {
	eachFile(t, func(t *testing.T, file string) {
		recorded, all := lines(t, file+".want"), snippets(t, file)
		if len(recorded) != len(all) {
			t.Fatalf("%d answers recorded for %d snippets: run go test -record", len(recorded), len(all))
		}
		L := newState(t)
		for i, s := range all {
			if got := run(t, L, s); got != recorded[i] {
				t.Errorf("%s\nredis %.300s\nours  %.300s", s, recorded[i], got)
			}
		}
	})
}

var record = flag.Bool("record", false, "record what redis-server answers")

// TestRecordedAnswers asks redis-server whether the recorded answers are its own.
func TestRecordedAnswers(t *testing.T) {
	redis := servers.RedisT(t).ClientT(t)
	eachFile(t, func(t *testing.T, file string) {
		var out strings.Builder
		for _, s := range snippets(t, file) {
			answer, ok := redis.Do("EVAL", prologue+s+epilogue, "0").(string)
			if !ok {
				t.Fatalf("%s: redis-server does not return text", s)
			}
			out.WriteString(answer + "\n")
		}
		if *record {
			if err := os.WriteFile(file+".want", []byte(out.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want := strings.Join(lines(t, file+".want"), "\n") + "\n"; out.String() != want {
			t.Error("the recorded answers differ: run go test -record and look at the changes")
		}
	})
}
