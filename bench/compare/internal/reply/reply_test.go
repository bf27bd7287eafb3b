package reply

import (
	"bufio"
	"strings"
	"testing"

	"spindle/bench/compare/internal/wire"
)

func parse(t *testing.T, s string) wire.Frame {
	t.Helper()
	s = strings.ReplaceAll(s, " ", "\r\n") + "\r\n"
	f, err := wire.Read(bufio.NewReader(strings.NewReader(s)))
	if err != nil || f.Kind == wire.Garbage {
		t.Fatalf("%q: %v %v", s, f, err)
	}
	return f
}

func TestNormalisations(t *testing.T) {
	f := func(names, a, b string, want bool) {
		t.Helper()
		if got := Equal(parse(t, a), parse(t, b), strings.Fields(names)...); got != want {
			t.Errorf("%s of %q and %q: %v", names, a, b, got)
		}
	}
	f("", ":1", ":1", true)
	f("", ":1", ":01", false)
	f("", ":1", "$1 1", false)
	f("", "*2 :1 :2", "*2 :2 :1", false)
	f("unordered", "*2 :1 :2", "*2 :2 :1", true)
	f("unordered", "*2 :1 :1", "*2 :2 :1", false)
	f("unordered", "*2 :1 :2", "~2 :2 :1", false)
	f("unordered", "%2 +a :1 +b :2", "%2 +b :2 +a :1", true)
	f("unordered", "%2 +a :1 +b :2", "%2 +b :1 +a :2", false)
	f("pairs", "*4 +a :1 +b :2", "*4 +b :2 +a :1", true)
	f("pairs", "*4 +a :1 +b :2", "*4 +b :1 +a :2", false)
	f("scan", "*2 +0 *2 +a +b", "*2 +0 *2 +b +a", true)
	f("scan", "*2 +0 *2 +a +b", "*2 +1 *2 +b +a", false)
	f("deep", "*2 *2 :1 :2 :0", "*2 :0 *2 :2 :1", true)
	f("near", ":1000", ":999", true)
	f("near", ":10", ":13", false)
	f("near", ":-1", ":0", false)
	f("near", ":-1", ":-2", false)
	f("near", ":100000", ":103000", false)
	f("type", "+a", "+b", true)
	f("type", "+a", "$1 b", false)
	f("type", "$1 a", "$-1", false)
	f("type", "-ERR", "-WRONGTYPE", false)
	f("shape", "*1 $1 a", "*1 $1 b", true)
	f("shape", "*1 $1 a", "*2 $1 b $1 c", false)
	f("mask:id", "%2 +id :1 +x :2", "%2 +id :9 +x :2", true)
	f("mask:id", "%2 +id :1 +x :2", "%2 +id :1 +x :3", false)
	f("idle", "*1 *4 +1-1 +c :5 :1", "*1 *4 +1-1 +c :7 :1", true)
	f("idle", "*1 *4 +1-1 +c :5 :1", "*1 *4 +1-1 +c :5 :2", false)
	f("superset", "*1 :1", "*2 :2 :1", true)
	f("superset", "*2 :2 :1", "*1 :1", false)
	f("superset unordered", "*2 :1 :3", "*3 :3 :2 :1", true)
	f("superset unordered", "*2 :1 :3", "*2 :2 :1", false)
	f("ignore", ":1", "-ERR", true)
	f("digits", "+a:12", "+a:7", true)
}

func TestTablesAgree(t *testing.T) {
	for cmd, name := range byCommand {
		if !Known(name) {
			t.Errorf("%s: no normalisation %q", cmd, name)
		}
		if got := Default(strings.Fields(strings.ToLower(cmd))); got != name {
			t.Errorf("%s is not found: %q", cmd, got)
		}
	}
}
