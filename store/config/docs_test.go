package config

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spindle/bench/servers"
)

var update = flag.Bool("update", false, "write docs/configuration.md")

const docsHead = `# Configuration

Spindle reads redis.conf and the command line as redis-server 7.0 does, and answers CONFIG GET, SET and REWRITE
alike. Every directive of Redis 7.0 is accepted. Those marked below as having no effect are kept, shown and
rewritten, and a warning is logged when one is used.

Two defaults differ from Redis's: ` + "`appendonly` is `yes`, and there are no `save` points while it is" + `. With
` + "`appendonly no` and no `save` line, Redis's save points (`3600 1 300 100 60 10000`)" + ` hold. Where
` + "`appendonly`" + ` is not set, a log that does not exist yet begins with the dump file, if there is one.

Sizes take the units k, m, g (powers of 1000) and kb, mb, gb (powers of 1024). "Live" directives can be changed
with CONFIG SET; "protected" ones only if ` + "`enable-protected-configs`" + ` allows. ` + "`bind` and `port`" + ` are live for Redis; here the server
goes on listening where it did at its start, and another value is refused with Redis's error.

Five more are not values but orders to the reader: ` + "`include` (a file or a pattern), `rename-command`, `user`, `loadmodule`" + ` (no
effect: there are no modules) and ` + "`sentinel`" + ` (refused: there is no sentinel mode).
` + "`list-max-ziplist-entries` and `list-max-ziplist-value`" + ` are taken in silence, as by Redis.

This file is generated from the table in store/config: ` + "`go test ./store/config -run Documentation -update`" + `.
`

func documentation() string {
	var b strings.Builder
	b.WriteString(docsHead)
	section := ""
	for _, d := range Directives() {
		if d.Section != section {
			section = d.Section
			fmt.Fprintf(&b, "\n## %s\n\n| directive | default | values | live | effect |\n|---|---|---|---|---|\n", section)
		}
		names := "`" + d.Name + "`"
		if d.Alias != "" {
			names += ", formerly `" + d.Alias + "`"
		}
		value := d.Default
		if d.kind.computed() {
			value = "where the server was started"
		} else if value != "" {
			value = "`" + value + "`"
		}
		live := "no"
		if d.has(Mutable) {
			live = "yes"
		}
		if d.has(Protected) {
			live = "protected"
		}
		effect := "obeyed"
		if d.NoEffect != "" {
			effect = "none: " + d.NoEffect
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", names, value, d.Accepts(), live, effect)
	}
	return b.String()
}

// TestDocumentation keeps docs/configuration.md true.
func TestDocumentation(t *testing.T) {
	root, err := servers.Root()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(root, "docs", "configuration.md")
	want := documentation()
	if *update {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(name); err != nil || string(got) != want {
		t.Errorf("%s does not say what the table says (%v); run this test with -update", name, err)
	}
}
