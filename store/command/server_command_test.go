package command

import (
	"errors"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"spindle/bench/servers"
)

// TestCommandsAreDescribedAsInRedis compares COMMAND INFO and COMMAND DOCS of all commands: flags, keys, categories,
// and the arguments, which syntax.go parses.
func TestCommandsAreDescribedAsInRedis(t *testing.T) {
	redis := servers.RedisT(t).ClientT(t)
	r := newRig(t)
	compared := 0
	r.s.table.each(func(cmd *Command) {
		name := cmd.full
		info := redis.Do("COMMAND", "INFO", name).([]any)[0]
		if info == nil {
			if !newer(cmd.Since) {
				t.Errorf("%s: since %s, but redis does not have it", name, cmd.Since)
			}
			return
		}
		compared++
		got := parseReply(t, r.send("COMMAND", "INFO", name)).([]any)[0]
		if extended(cmd) {
			got, info = withoutSubs(got, 1), withoutSubs(info, 1) // an option may change the arity
		}
		if !reflect.DeepEqual(withoutSubs(got, 9), withoutSubs(info, 9)) {
			t.Errorf("COMMAND INFO %s:\n\t%v\nwant\n\t%v", name, got, info)
		}
		if extended(cmd) {
			return
		}
		want := redis.Do("COMMAND", "DOCS", name).([]any)[1]
		if got := parseReply(t, r.send("COMMAND", "DOCS", name)).([]any)[1]; !reflect.DeepEqual(docsWithoutSubs(got), docsWithoutSubs(want)) {
			t.Errorf("COMMAND DOCS %s:\n\t%v\nwant\n\t%v", name, got, want)
		}
	})
	if compared < 50 {
		t.Errorf("only %d commands compared", compared)
	}
}

// newer reports whether a version is later than the reference's.
func newer(version string) bool { return newerVersion.MatchString("@" + version) }

var newerVersion = regexp.MustCompile(`[@!](7\.[1-9]|8|9)`)

// extended reports whether a command has got options that the reference does not have.
func extended(c *Command) bool {
	for _, h := range c.History {
		if newer(h.Since) {
			return true
		}
	}
	return newerVersion.MatchString(c.Syntax)
}

// withoutSubs returns a list without element i, which holds the subcommands in an order that is random in redis.
func withoutSubs(v any, i int) any {
	list := append([]any(nil), v.([]any)...)
	list[i] = nil
	return list
}

func docsWithoutSubs(v any) any {
	list := v.([]any)
	for i := 0; i < len(list); i += 2 {
		if list[i] == "subcommands" {
			return withoutSubs(list, i+1)
		}
	}
	return list
}

// parseReply reads a RESP2 reply: string, int64, []any, nil or error.
func parseReply(t testing.TB, s string) any {
	t.Helper()
	v, rest := readReply(t, s)
	if rest != "" {
		t.Fatalf("trailing %q", rest)
	}
	return v
}

func readReply(t testing.TB, s string) (v any, rest string) {
	t.Helper()
	line, rest, ok := strings.Cut(s, "\r\n")
	if !ok || line == "" {
		t.Fatalf("no reply: %q", s)
	}
	switch line[0] {
	case '+':
		return line[1:], rest
	case '-':
		return errors.New(line[1:]), rest
	}
	n, err := strconv.Atoi(line[1:])
	switch {
	case err != nil:
		t.Fatalf("bad reply: %q", s)
	case line[0] == ':':
		return int64(n), rest
	case n < 0:
		return nil, rest
	case line[0] == '$':
		return rest[:n], rest[n+2:]
	}
	list := make([]any, n)
	for i := range list {
		list[i], rest = readReply(t, rest)
	}
	return list, rest
}

func TestSyntaxNotation(t *testing.T) {
	a := parseSyntax("[LIMIT=count:integer@6.2.0!7.0.0] x(A|b:=|key#2)+... y((key))...")
	if len(a) != 3 {
		t.Fatalf("%d arguments", len(a))
	}
	limit := argument{name: "count", kind: "integer", token: "LIMIT", hasToken: true, since: "6.2.0", deprecatedSince: "7.0.0", keySpec: -1, optional: true}
	if !reflect.DeepEqual(a[0], limit) {
		t.Errorf("%+v", a[0])
	}
	for _, bad := range []string{"[a", "a(b", "a)b", "a((b)", "|"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q was accepted", bad)
				}
			}()
			parseSyntax(bad)
		}()
	}
}

// COMMAND DOCS of everything reads every entry, also those that the reference does not know.
func TestEverySyntaxIsRead(t *testing.T) {
	var read func(list []*Command)
	read = func(list []*Command) {
		for _, c := range list {
			func() {
				defer func() {
					if why := recover(); why != nil {
						t.Errorf("%s: %v", c.Name, why)
					}
				}()
				parseSyntax(c.Syntax)
			}()
			read(c.Subs)
		}
	}
	read(tables())
}
