package command

import (
	"spindle/resp"
	"spindle/store"
)

// OBJECT looks at how a value is kept, and does not count as an access.

var objectCommands = []*Command{
	{Name: "object", Arity: -2, Group: "generic", Since: "2.2.3", Complexity: "Depends on subcommand.",
		Summary: "A container for object introspection commands",
		Subs: []*Command{
			{Name: "help", Arity: 2, Flags: Loading | Stale, Group: "generic", Since: "6.2.0", Categories: CatKeyspace,
				Complexity: "O(1)", Summary: "Show helpful text about the different subcommands", Run: objectHelpCommand},
			{Name: "freq", Arity: 3, Flags: ReadOnly, Keys: []KeySpec{oneKey(2, RO)}, Group: "generic", Since: "4.0.0",
				Categories: CatKeyspace, Complexity: "O(1)", Tips: []string{"nondeterministic_output"}, Syntax: "key",
				Summary: "Get the logarithmic access frequency counter of a Redis object", Run: objectFreqCommand},
			{Name: "idletime", Arity: 3, Flags: ReadOnly, Keys: []KeySpec{oneKey(2, RO)}, Group: "generic", Since: "2.2.3",
				Categories: CatKeyspace, Complexity: "O(1)", Tips: []string{"nondeterministic_output"}, Syntax: "key",
				Summary: "Get the time since a Redis object was last accessed", Run: objectIdletimeCommand},
			{Name: "encoding", Arity: 3, Flags: ReadOnly, Keys: []KeySpec{oneKey(2, RO)}, Group: "generic", Since: "2.2.3",
				Categories: CatKeyspace, Complexity: "O(1)", Tips: []string{"nondeterministic_output"}, Syntax: "key",
				Summary: "Inspect the internal encoding of a Redis object", Run: objectEncodingCommand},
			{Name: "refcount", Arity: 3, Flags: ReadOnly, Keys: []KeySpec{oneKey(2, RO)}, Group: "generic", Since: "2.2.3",
				Categories: CatKeyspace, Complexity: "O(1)", Tips: []string{"nondeterministic_output"}, Syntax: "key",
				Summary: "Get the number of references to the value of the key", Run: objectRefcountCommand},
		}},
}

func objectHelpCommand(c *Ctx) error { return c.help(objectHelp) }

const objectHelp = `
ENCODING <key>
    Return the kind of internal representation used in order to store the value
    associated with a <key>.
FREQ <key>
    Return the access frequency index of the <key>. The returned integer is
    proportional to the logarithm of the recent access frequency of the key.
IDLETIME <key>
    Return the idle time of the <key>, that is the approximated number of
    seconds elapsed since the last access to the key.
REFCOUNT <key>
    Return the number of references of the value associated with the specified
    <key>.
`

// object finds the key Args[2], or answers that there is none.
func (c *Ctx) object() (store.Key, bool) {
	told := c.S.Store.Missed
	c.S.Store.Missed = nil // a question about a key is not a miss worth an event
	k := c.DB.FindQuietly(c.Args[2])
	c.S.Store.Missed = told
	if !k.Exists() {
		c.Out.Null()
	}
	return k, k.Exists()
}

func objectEncodingCommand(c *Ctx) error {
	if k, ok := c.object(); ok {
		c.Out.BulkString(k.Encoding().String())
	}
	return nil
}

const (
	sharedIntegers = 10000     // Redis shares the integers below among all keys
	sharedRefcount = 1<<31 - 1 // and says so with this number
)

// objectRefcountCommand answers what Redis does, of which programs may make a difference; nothing is shared here.
func objectRefcountCommand(c *Ctx) error {
	k, ok := c.object()
	if !ok {
		return nil
	}
	if k.Encoding() == store.Int && uint64(k.Int()) < sharedIntegers && c.S.sharesIntegers() {
		c.Out.Int(sharedRefcount)
	} else {
		c.Out.Int(1)
	}
	return nil
}

// sharesIntegers reports whether Redis would share small integers: not while each key needs an access clock of its own.
func (s *Server) sharesIntegers() bool {
	switch store.Policy(s.Config.MaxmemoryPolicy) {
	case store.VolatileLRU, store.AllKeysLRU, store.VolatileLFU, store.AllKeysLFU:
		return s.Config.Maxmemory == 0
	}
	return true
}

func objectIdletimeCommand(c *Ctx) error {
	k, ok := c.object()
	if !ok {
		return nil
	}
	if c.S.Store.Clock().LFU {
		return resp.ErrLFUPolicy
	}
	c.Out.Int(k.Idle())
	return nil
}

func objectFreqCommand(c *Ctx) error {
	k, ok := c.object()
	if !ok {
		return nil
	}
	if !c.S.Store.Clock().LFU {
		return resp.ErrNotLFUPolicy
	}
	c.Out.Int(k.Freq())
	return nil
}
