package command

import (
	"encoding/binary"
	"maps"
	"slices"
	"strings"

	"spindle/store/config"
)

// tables lists the commands of all groups.
func tables() []*Command {
	return slices.Concat(
		connectionCommands, aclCommands, clientCommands, commandCommands, databaseCommands,
		hashCommands, fieldExpiryCommands, fieldExCommands,
		configCommands, adminCommands, saveCommands, replicationCommands, waitCommands, clusterCommands, moduleCommands,
		infoCommands, slowlogCommands, latencyCommands, memoryCommands, debugCommands, lolwutCommands,
		setCommands,
		listCommands, listBlockCommands,
		pubsubCommands, transactionCommands, monitorCommands,
		dumpCommands, sortCommands,
		scriptCommands, functionCommands,
		genericCommands, expireCommands, moveCommands, objectCommands,
		keyScanCommands,
		bitmapCommands, bitfieldCommands,
		hyperloglogCommands,
		zsetCommands, zsetWriteCommands, zsetRangeCommands, zsetPopCommands, zsetBlockCommands, zsetRandomCommands, zsetAlgebraCommands,
		geoCommands, geoSearchCommands,
		streamCommands, streamRangeCommands, streamReadCommands, streamGroupCommands, streamClaimCommands, streamPendingCommands,
		streamInfoCommands, streamDeleteCommands,
		stringCommands, stringSetCommands, stringNumberCommands, stringRangeCommands, lcsCommands,
	)
}

// table finds commands by name. The names are known, so a small open hash over the first bytes and the length, with
// letter case folded, beats a map with a lowered copy of the name.
type table struct {
	slots [1024]*Command
	all   []*Command // top level, by name
	// originals has all commands by the names they have in Redis, disabled ones too.
	originals map[string]*Command
}

// newTable returns the table with the commands renamed as redis.conf has it, and the first thing that is wrong with that.
func newTable(renames []config.Line) (*table, error) {
	t := &table{originals: map[string]*Command{}}
	for _, proto := range tables() {
		if t.originals[proto.Name] != nil {
			panic("command: two entries called " + proto.Name)
		}
		t.originals[proto.Name] = proto.clone(nil)
	}
	err := t.rename(renames)
	for _, c := range t.originals {
		if c.called == "" {
			continue
		}
		for i := hashName(c.called); ; i++ {
			if slot := &t.slots[i%len(t.slots)]; *slot == nil {
				*slot = c
				break
			}
		}
		t.all = append(t.all, c)
	}
	slices.SortFunc(t.all, func(a, b *Command) int { return cmpString(a.Name, b.Name) })
	return t, err
}

// rename carries out rename-command: a name for another, or an empty one, which disables the command.
func (t *table) rename(lines []config.Line) error {
	called := maps.Clone(t.originals)
	for _, l := range lines {
		from, to := strings.ToLower(l.Args[0]), strings.ToLower(l.Args[1])
		c := called[from]
		switch {
		case c == nil:
			return l.Error("No such command in rename-command")
		case to != "" && to != from && called[to] != nil:
			return l.Error("Target command name already exists")
		}
		delete(called, from)
		if c.called = to; to != "" {
			called[to] = c
		}
	}
	return nil
}

// CheckConfig returns what is wrong with the rename-command and user lines of a configuration.
func CheckConfig(cfg *config.Config) error {
	t, err := newTable(cfg.RenameCommands)
	if err != nil {
		return err
	}
	return checkUsers(cfg, t)
}

func cmpString(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// clone copies an entry, so that two servers in one process do not share statistics.
func (c *Command) clone(parent *Command) *Command {
	d := *c
	d.parent, d.full, d.called = parent, c.Name, c.Name
	if parent != nil {
		d.full = parent.Name + "|" + c.Name
	}
	d.gates = gatesOf(&d)
	d.Subs = nil
	for _, sub := range c.Subs {
		d.Subs = append(d.Subs, sub.clone(&d))
	}
	return &d
}

// each calls f for every command and subcommand.
func (t *table) each(f func(*Command)) {
	for _, c := range t.all {
		f(c)
		for _, sub := range c.Subs {
			f(sub)
		}
	}
}

// lookup returns the command of that name, in any case, or nil.
func (t *table) lookup(name []byte) *Command {
	for i := hashName(name); ; i++ {
		c := t.slots[i%len(t.slots)]
		if c == nil || equalFold(c.called, name) {
			return c
		}
	}
}

// find returns what args call: a command, or the subcommand of a container. sub reports that a container was named with an
// unknown subcommand.
func (t *table) find(args [][]byte) (c *Command, unknownSub bool) {
	return t.lookup(args[0]).sub(args)
}

// findOriginal is find with the names of Redis, for the log: what it says does not depend on the configuration.
func (t *table) findOriginal(args [][]byte) (c *Command, unknownSub bool) {
	if c = t.lookup(args[0]); c == nil || c.called != c.Name {
		if o := t.originals[strings.ToLower(string(args[0]))]; o != nil {
			c = o
		}
	}
	return c.sub(args)
}

// sub returns the subcommand that args call, or the command itself if it is no container or no subcommand is named.
func (c *Command) sub(args [][]byte) (_ *Command, unknownSub bool) {
	if c == nil || !c.container() || len(args) == 1 {
		return c, false
	}
	for _, sub := range c.Subs {
		if equalFold(sub.Name, args[1]) {
			return sub, false
		}
	}
	return c, true
}

// hashName mixes the first eight bytes, case folded, with the length.
func hashName[S string | []byte](name S) int {
	var b [8]byte
	copy(b[:], name)
	x := binary.LittleEndian.Uint64(b[:]) | 0x2020202020202020
	x = (x ^ uint64(len(name))<<59) * 0x9e3779b97f4a7c15
	return int(x >> 54)
}

// equalFold compares a lower-case name with bytes in any case.
func equalFold(lower string, b []byte) bool {
	if len(lower) != len(b) {
		return false
	}
	for i, ch := range b {
		if ch >= 'A' && ch <= 'Z' {
			ch |= 0x20
		}
		if ch != lower[i] {
			return false
		}
	}
	return true
}
