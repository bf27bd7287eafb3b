package script

import (
	"strings"

	"spindle/resp"
)

// Flags are what a script says about itself in its first line, as in
//
//	#!lua flags=no-writes,allow-stale
type Flags uint8

const (
	NoWrites Flags = 1 << iota
	AllowOOM
	AllowStale
	NoCluster
	AllowCrossSlotKeys
	// CompatMode is set when there is no such line: what the script may do is found out as it does it.
	CompatMode
)

// FlagNames are in the order in which they are listed.
var FlagNames = []struct {
	Name string
	Flag Flags
}{
	{"no-writes", NoWrites}, {"allow-oom", AllowOOM}, {"allow-stale", AllowStale}, {"no-cluster", NoCluster},
	{"allow-cross-slot-keys", AllowCrossSlotKeys},
}

// ParseShebang reads the flags of a script of EVAL. code is the script without that line's text, but with its end, so that
// lines keep their numbers.
func ParseShebang(body string) (code string, flags Flags, err error) {
	if !strings.HasPrefix(body, "#!") {
		return body, CompatMode, nil
	}
	end := strings.IndexByte(body, '\n')
	if end < 0 {
		return "", 0, resp.Error("ERR Invalid script shebang")
	}
	words, ok := resp.SplitArgs([]byte(body[:end]))
	switch {
	case !ok || len(words) == 0:
		return "", 0, resp.Error("ERR Invalid engine in script shebang")
	case string(words[0]) != "#!lua":
		return "", 0, resp.Error("ERR Unexpected engine in script shebang: " + string(words[0]))
	}
	for _, w := range words[1:] {
		list, ok := strings.CutPrefix(string(w), "flags=")
		if !ok {
			return "", 0, resp.Error("ERR Unknown lua shebang option: " + string(w))
		}
		if list == "" {
			continue
		}
		for _, name := range strings.Split(list, ",") {
			f, ok := FlagNamed(name)
			if !ok {
				return "", 0, resp.Error("ERR Unexpected flag in script shebang: " + name)
			}
			flags |= f
		}
	}
	return body[end:], flags, nil
}

// FlagNamed returns the flag of that name.
func FlagNamed(name string) (Flags, bool) {
	for _, f := range FlagNames {
		if f.Name == name {
			return f.Flag, true
		}
	}
	return 0, false
}
