package resp

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// errorTexts returns the values of the constants in errors.go by name.
func errorTexts(t *testing.T) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "errors.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		if v, ok := n.(*ast.ValueSpec); ok && len(v.Names) == 1 && strings.HasPrefix(v.Names[0].Name, "Err") {
			if lit, ok := v.Values[0].(*ast.BasicLit); ok {
				texts[v.Names[0].Name], _ = strconv.Unquote(lit.Value)
			}
		}
		return true
	})
	return texts
}

// newer are texts of later versions than the one that is compared with, and our own.
var newer = map[string]bool{"ErrMaxage": true, "ErrNumIDs": true, "ErrNumIDsMatch": true, "ErrNoReplication": true,
	"ErrNumFields": true, "ErrNumFieldsMatch": true, "ErrFieldsMissing": true, "ErrFieldExpireNeg": true,
	"ErrNumLocal": true, "ErrWaitNoLog": true, "ErrNoDebugger": true}

// TestErrorTextsAreRedis looks every constant up in the redis-server binary.
func TestErrorTextsAreRedis(t *testing.T) {
	path, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("no redis-server on PATH to compare with")
	}
	binary, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	texts := errorTexts(t)
	if len(texts) < 100 {
		t.Fatalf("found %d constants only", len(texts))
	}
	for name, text := range texts {
		if newer[name] {
			continue
		}
		plain := strings.TrimPrefix(text, "ERR ")
		if !bytes.Contains(binary, []byte(plain+"\x00")) && !bytes.Contains(binary, []byte(plain+"\r\n\x00")) {
			t.Errorf("%s: redis-server has no %q", name, plain)
		}
	}
}

// TestErrorsAgainstRedis provokes errors, those with parameters above all.
func TestErrorsAgainstRedis(t *testing.T) {
	socket := oracle(t)
	f := func(want Error, words ...string) {
		t.Helper()
		var w Writer
		w.Err(want)
		if got := exchange(t, socket, command(words...)); !bytes.HasSuffix(got, w.Buf) {
			t.Errorf("%q: ours %q, redis %q", words, w.Buf, got)
		}
	}
	b := func(s string) []byte { return []byte(s) }
	exchange(t, socket, command("SET", "s", "x"))
	exchange(t, socket, command("RPUSH", "l", "a"))
	exchange(t, socket, command("XADD", "x", "*", "f", "v"))
	exchange(t, socket, command("HSET", "h", "f", "v"))
	f(ErrWrongArity("get"), "GET")
	f(ErrWrongArity("config|get"), "CONFIG", "GET")
	f(ErrUnknownSubcommand(b("cLient"), b("no\r\npe")), "cLient", "no\r\npe")
	f(ErrUnknownSubcommand(b("object"), b(strings.Repeat("x", 200))), "object", strings.Repeat("x", 200))
	f(ErrSubcommandSyntax(b("debug"), b("no\x00pe")), "debug", "no\x00pe", "x")
	f(ErrInvalidExpire("set"), "SET", "k", "v", "EX", "0")
	f(ErrInvalidExpire("expire"), "EXPIRE", "s", "9223372036854775807")
	f(ErrHelloOption(b("zz")), "HELLO", "3", "zz")
	f(ErrGeoPair(200, 1.5), "GEOADD", "g", "200", "1.5", "m")
	f(ErrWrongType, "INCR", "l")
	f(ErrNotInt, "INCR", "s")
	exchange(t, socket, command("SET", "n", "2"))
	f(ErrIncrOverflow, "INCRBY", "n", "9223372036854775807")
	f(ErrDecrOverflow, "DECRBY", "n", "-9223372036854775808")
	f(ErrIndexRange, "LSET", "l", "9", "x")
	f(ErrNoSuchKey, "LSET", "missing", "9", "x")
	f(ErrDBIndex, "SELECT", "99")
	f(ErrSyntax, "SET", "a", "b", "c")
	f(ErrNoProto, "HELLO", "4")
	f(ErrProtoNotInt, "HELLO", "x")
	f(ErrAuthNoPassword, "AUTH", "x")
	f(ErrNoScript, "EVALSHA", "x", "0")
	f(ErrTimeoutFloat, "BLPOP", "l", "x")
	f(ErrTimeoutNeg, "BLPOP", "l", "-1")
	f(ErrExecWithoutMulti, "EXEC")
	f(ErrDiscardWithoutMulti, "DISCARD")
	f(ErrOffsetRange, "SETRANGE", "s", "-1", "x")
	f(ErrStringTooLong, "SETRANGE", "s", "536870912", "x")
	f(ErrNoSuchClient, "CLIENT", "KILL", "1.2.3.4:5")
	f(ErrMinMaxFloat, "ZRANGEBYSCORE", "z", "a", "b")
	f(ErrMinMaxLex, "ZRANGEBYLEX", "z", "a", "b")
	f(ErrNumkeys, "LMPOP", "0", "x", "LEFT")
	f(ErrInputKey("zunion"), "ZUNION", "0", "x")
	f(ErrNoGroup(b("g\x00h"), b("x")), "XGROUP", "SETID", "x", "g\x00h", "0")
	f(ErrNoKeyOrGroup(b("x"), b("g")), "XPENDING", "x", "g")
	f(ErrRange(-9223372036854775807, 9223372036854775807), "HRANDFIELD", "h", "-9223372036854775808")
	f(ErrIncrNaN, "HINCRBYFLOAT", "h", "n", "inf")
	f(ErrUnsupportedOption(b("zz")), "EXPIRE", "s", "1", "zz")
	f(ErrClientType(b("zz")), "CLIENT", "LIST", "TYPE", "zz")
	f(ErrNoSuchUser(b("zz")), "CLIENT", "KILL", "USER", "zz")
	f(ErrNotEnabled("MODULE", "enable-module-command"), "MODULE", "LOAD", "zz")
	f(ErrConfigUnknown(b("zz")), "CONFIG", "SET", "zz", "1")
	f(ErrConfigSet("maxmemory", "argument must be a memory value"), "CONFIG", "SET", "maxmemory", "zz")
	f(ErrFunctionNotFound, "FCALL", "zz", "0")
	f(ErrLibraryNotFound, "FUNCTION", "DELETE", "zz")

	var w Writer
	w.Err(ErrSubscribed("get"))
	got := exchange(t, socket, append(command("SUBSCRIBE", "c"), command("GET", "s")...))
	if !bytes.HasSuffix(got, w.Buf) {
		t.Errorf("ours %q, redis %q", w.Buf, got)
	}
}

func TestErrorsAreOneLine(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		var w Writer
		w.Err(Error(in))
		if string(w.Buf) != want {
			t.Errorf("%q: %q, want %q", in, w.Buf, want)
		}
	}
	f("ERR a\r\nb\n", "-ERR a  b\r\n")
	f("\r\n", "-\r\n")
	f("WRONGTYPE x", "-WRONGTYPE x\r\n")
	if code := ErrWrongType.Code(); code != "WRONGTYPE" {
		t.Error(code)
	}
}
