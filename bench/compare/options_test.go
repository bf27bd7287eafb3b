package main

import (
	"slices"
	"strings"
	"testing"

	"spindle/bench/compare/internal/wire"
	"spindle/bench/servers"
)

// uncovered are the commands and options that no script can have, or that make
// no sense in one.
var uncovered = map[string]string{
	"cluster":            "there is no cluster",
	"migrate":            "needs a second server",
	"failover":           "needs replicas",
	"module":             "loads code",
	"psync":              "replication",
	"sync":               "replication",
	"replconf":           "replication",
	"restore-asking":     "internal to clusters",
	"shutdown":           "ends the server",
	"script debug":       "changes what the connection is",
	"client kill NORMAL": "would end the connections of the runner",
	"client kill SLAVE":  "there are no replicas",
}

// TestCorpusNamesEveryOption looks for the commands and option words of the
// reference's COMMAND DOCS that occur in no script.
func TestCorpusNamesEveryOption(t *testing.T) {
	ref := servers.RedisT(t)
	conn, err := wire.Dial(ref.Addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	used := map[string][][]string{} // by first word, all words in upper case
	for _, f := range loadCorpus(t) {
		for i := range f.Steps {
			if args := f.Steps[i].Command(); len(args) > 0 {
				words := strings.Fields(strings.ToUpper(strings.Join(args, " ")))
				if len(words) > 0 {
					used[words[0]] = append(used[words[0]], words)
				}
			}
		}
	}
	docs := conn.Do("COMMAND", "DOCS")
	if len(docs.Elems) < 2*200 {
		t.Fatalf("COMMAND DOCS: %v", docs)
	}
	eachPair(docs, func(name string, doc wire.Frame) {
		for _, missing := range missingWords(used, name, doc) {
			if !excused(missing) {
				t.Errorf("no script has %s", missing)
			}
		}
	})
}

func excused(missing string) bool {
	for known := range uncovered {
		if missing == known || strings.HasPrefix(missing, known+" ") {
			return true
		}
	}
	return false
}

// eachPair calls f for each entry of a map in RESP2.
func eachPair(m wire.Frame, f func(key string, value wire.Frame)) {
	for i := 0; i+1 < len(m.Elems); i += 2 {
		f(string(m.Elems[i].Text), m.Elems[i+1])
	}
}

// missingWords returns the command, its subcommands or its options that were not used.
func missingWords(used map[string][][]string, name string, doc wire.Frame) (missing []string) {
	var arguments []wire.Frame
	container := false
	eachPair(doc, func(key string, value wire.Frame) {
		switch key {
		case "arguments":
			arguments = value.Elems
		case "subcommands":
			container = true
			eachPair(value, func(sub string, doc wire.Frame) {
				missing = append(missing, missingWords(used, strings.ReplaceAll(sub, "|", " "), doc)...)
			})
		}
	})
	if container {
		return missing
	}
	name = strings.ToLower(name)
	words := strings.Fields(strings.ToUpper(name))
	var lines [][]string
	for _, l := range used[words[0]] {
		if len(words) == 1 || len(l) > 1 && l[1] == words[1] {
			lines = append(lines, l[len(words):])
		}
	}
	if len(lines) == 0 {
		return []string{name}
	}
	for _, token := range tokens(arguments, nil) {
		if !slices.ContainsFunc(lines, func(l []string) bool { return slices.Contains(l, token) }) {
			missing = append(missing, name+" "+token)
		}
	}
	return missing
}

// tokens collects the option words of arguments.
func tokens(arguments []wire.Frame, dst []string) []string {
	for _, a := range arguments {
		eachPair(a, func(key string, value wire.Frame) {
			switch key {
			case "token":
				if token := strings.ToUpper(string(value.Text)); token != "" && token != `""` {
					dst = append(dst, token)
				}
			case "arguments":
				dst = tokens(value.Elems, dst)
			}
		})
	}
	return dst
}
