package command

import (
	"strconv"
	"sync"

	"spindle/aof/rdb"
	"spindle/resp"
	"spindle/store"
)

// DUMP and RESTORE carry a value in RDB form, with a footer that tells version and checksum.

var dumpCommands = []*Command{
	{Name: "dump", Arity: 2, Flags: ReadOnly, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "generic",
		Since: "2.6.0", Categories: CatKeyspace,
		Complexity: "O(1) to access the key and additional O(N*M) to serialize it, where N is the number of Redis objects composing the value and M their average size. For small string values the time complexity is thus O(1)+O(1*M) where M is small, so simply O(1).",
		Tips:       []string{"nondeterministic_output"}, Syntax: "key",
		Summary: "Return a serialized version of the value stored at the specified key.", Run: dumpCommand},
	{Name: "restore", Arity: -4, Flags: Write | DenyOOM, Keys: []KeySpec{oneKey(1, OW|Update)}, Group: "generic",
		Since: "2.6.0", Categories: CatKeyspace | CatDangerous,
		Complexity: "O(1) to create the new key and additional O(N*M) to reconstruct the serialized value, where N is the number of Redis objects composing the value and M their average size. For small string values the time complexity is thus O(1)+O(1*M) where M is small, so simply O(1). However for sorted set values the complexity is O(N*M*log(N)) because inserting values into sorted sets is O(log(N)).",
		History:    []Change{{"3.0.0", "Added the `REPLACE` modifier."}, {"5.0.0", "Added the `ABSTTL` modifier."}, {"5.0.0", "Added the `IDLETIME` and `FREQ` options."}},
		Syntax:     "key ttl:integer serialized-value [REPLACE@3.0.0] [ABSTTL@5.0.0] [IDLETIME=seconds:integer@5.0.0] [FREQ=frequency:integer@5.0.0]",
		Summary:    "Create a key using the provided serialized value, previously obtained using DUMP.",
		Run:        restoreCommand},
}

// dumpWriters keep the memory that compression needs.
var dumpWriters = sync.Pool{New: func() any { return rdb.NewWriter(nil) }}

// dumpKeep is the largest payload whose buffer is kept, in bytes, until the collector runs.
const dumpKeep = 4 << 20

func dumpCommand(c *Ctx) error {
	k := c.DB.Find(c.Args[1])
	if k.Exists() && k.Type() == store.Hash {
		c.settleFields(&k, c.Args[1])
	}
	if !k.Exists() {
		c.Out.Null()
		return nil
	}
	w := dumpWriters.Get().(*rdb.Writer)
	w.Compress = c.S.Config.Rdbcompression
	w.Type(rdbType(&k))
	rdbValue(w, &k)
	payload := rdb.AppendFooter(w.Bytes(), rdb.Version)
	c.Out.Bulk(payload)
	if cap(payload) > dumpKeep {
		payload = nil
	}
	w.Reset(payload[:0])
	dumpWriters.Put(w)
	return nil
}

type restoreOptions struct {
	replace, absolute bool
	idle, freq        int64 // -1: not given
}

func (c *Ctx) restoreOptions() (o restoreOptions, err error) {
	o.idle, o.freq = -1, -1
	for a := c.Options(4); a.More(); {
		switch {
		case a.Token("REPLACE"):
			o.replace = true
		case a.Token("ABSTTL"):
			o.absolute = true
		case o.freq == -1 && a.TokenWith("IDLETIME", 1):
			if o.idle, err = a.Int(); err == nil && o.idle < 0 {
				err = resp.ErrIdletime
			}
		case o.idle == -1 && a.TokenWith("FREQ", 1):
			if o.freq, err = a.Int(); err == nil && (o.freq < 0 || o.freq > 255) {
				err = resp.ErrFreq
			}
		default:
			err = resp.ErrSyntax
		}
		if err != nil {
			return o, err
		}
	}
	return o, nil
}

// payloadValue reads what DUMP made. The value may be a view of the payload.
func (c *Ctx) payloadValue(payload []byte) (loadedValue, error) {
	check := rdb.CheckPayload
	if c.S.skipChecksum {
		check = rdb.CheckPayloadVersion
	}
	body, err := check(payload, rdb.VersionMax)
	if err != nil {
		return nil, resp.ErrDumpPayload
	}
	c.S.stats.Sanitized++
	r := rdb.NewPayloadReader(body, rdb.Options{Deep: true})
	typ, err := r.Begin()
	if err != nil {
		return nil, resp.ErrBadPayload
	}
	v, err := c.rdbRead(r, typ)
	if err != nil {
		return nil, resp.ErrBadPayload
	}
	return v, nil
}

func restoreCommand(c *Ctx) error {
	o, err := c.restoreOptions()
	if err != nil {
		return err
	}
	name := c.Args[1]
	k := c.DB.FindForWrite(name)
	if k.Exists() && !o.replace {
		return resp.ErrBusyKey
	}
	ttl, err := c.Int(2)
	if err != nil {
		return err
	}
	if ttl < 0 {
		return resp.ErrMinTTL
	}
	v, err := c.payloadValue(c.Args[3])
	if err != nil {
		return err
	}
	if ttl != 0 && !o.absolute {
		ttl += c.Now()
	}
	c.Out.OK()
	if c.restoreExpired(ttl) {
		v.drop()
		if k.Exists() {
			k.Delete()
			c.Changed(ClassGeneric, "del", name)
			c.Propagate(wordDel, name)
		}
		return nil
	}
	if k.Exists() {
		k.Delete()
	}
	v.install(&k, name, ttl)
	c.setAccess(&k, o.idle, o.freq)
	c.propagateRestore(ttl, o)
	c.Changed(ClassGeneric, "restore", name)
	return nil
}

// restoreExpired tells whether a key with that expiry would be gone at once. While the log is loaded it is not: a DEL follows.
func (c *Ctx) restoreExpired(at int64) bool {
	return at != 0 && at <= c.Now() && c.S.Store.Expired != nil
}

var wordAbsttl = []byte("ABSTTL")

// propagateRestore logs the command with the expiry as a point in time.
func (c *Ctx) propagateRestore(at int64, o restoreOptions) {
	if at == 0 || o.absolute {
		return
	}
	var digits [20]byte
	args := append([][]byte(nil), c.Args...)
	args[2] = strconv.AppendInt(digits[:0], at, 10)
	c.Propagate(append(args, wordAbsttl)...)
}
