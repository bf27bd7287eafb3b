package corpus

import (
	"slices"
	"strings"
	"testing"
)

func TestParseArguments(t *testing.T) {
	f := func(line string, want ...string) {
		t.Helper()
		file, err := Parse("x", []byte(line))
		if err != nil {
			t.Fatal(err)
		}
		if got := file.Steps[0].args; !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
	f(`SET k v`, "SET", "k", "v")
	f(`SET "a b" ""`, "SET", "a b", "")
	f(`SET "\x00\xfF\n\"" 'a\'b\n'`, "SET", "\x00\xff\n\"", `a'b\n`)
	f(`c2> @near @2 TTL k`, "TTL", "k")
	f(`SET k @rep(3,ab)`, "SET", "k", "ababab")
	f(`HSET h @seq(1,2,f%d,v)`, "HSET", "h", "f1", "v", "f2", "v")
	f("\tGET   k  ", "GET", "k")
	f(`GET # `, "GET", "#")
}

func TestParseErrors(t *testing.T) {
	for _, line := range []string{`SET "a`, `SET "a"b`, `@nosuch GET k`, `c1>`, `sleep`, `sleep x`, `@only 4`, `@replies:x GET`} {
		_, err := Parse("dir/x.txt", []byte("\n"+line))
		if err == nil || !strings.HasPrefix(err.Error(), "dir/x.txt:2: ") {
			t.Errorf("%s: %v", line, err)
		}
	}
}
