package command

import (
	"fmt"
	"strings"

	"spindle/aof/rdb"
	"spindle/resp"
	"spindle/store"
	"spindle/store/listpack"
)

// DEBUG subcommands that look into values.

var debugValueSubcommands = []debugSubcommand{
	{"DIGEST", 0, 0, debugDigest, `DIGEST
    Output a hex signature representing the current DB content.`},
	{"DIGEST-VALUE", 0, -1, debugDigestValue, `DIGEST-VALUE <key> [<key> ...]
    Output a hex signature of the values of all the specified keys.`},
	{"LISTPACK", 1, 1, debugListpack, `LISTPACK <key>
    Show low level info about the listpack encoding of <key>.`},
	{"OBJECT", 1, -1, debugObject, `OBJECT <key>
    Show low level info about ` + "`key`" + ` and associated value.`},
	{"QUICKLIST", 1, 2, debugQuicklist, `QUICKLIST <key> [<0|1>]
    Show low level info about the quicklist encoding of <key>.
    The optional argument (0 by default) sets the level of detail`},
	{"SDSLEN", 1, 1, debugSdslen, `SDSLEN <key>
    Show the bytes that ` + "`key`" + ` and its string value take in their record.`},
}

func debugDigest(c *Ctx) error {
	d := c.S.digest()
	c.Out.Status(d.String())
	return nil
}

func debugDigestValue(c *Ctx) error {
	c.Out.Array(len(c.Args) - 2)
	for _, name := range c.Args[2:] {
		var d digest
		if k := c.DB.Visible(name); k.Exists() {
			d.value(&k)
		}
		c.Out.Status(d.String())
	}
	return nil
}

// debugObject shows the inside of a value.
func debugObject(c *Ctx) error {
	k := c.DB.Visible(c.Args[2])
	if !k.Exists() {
		return resp.ErrNoSuchKey
	}
	w := rdb.NewWriter(nil)
	w.Compress = c.S.Config.Rdbcompression
	rdbValue(w, &k)
	idle := k.Idle()
	text := fmt.Sprintf("Value at:%#x refcount:1 encoding:%s serializedlength:%d lru:%d lru_seconds_idle:%d",
		k.Address(), k.Encoding(), len(w.Bytes()), (c.Now()/1000-idle)&(1<<24-1), idle)
	if k.Encoding() == store.Quicklist {
		text += quicklistDetails(&k, c.S.Config.ListMaxListpackSize)
	}
	c.Out.Status(text)
	return nil
}

// quicklistDetails describes a list's nodes.
func quicklistDetails(k *store.Key, limit int) string {
	nodes, elements, size := 1, listLen(k), int64(len(k.Bytes()))
	if l := largeListOf(k); l != nil {
		nodes, size = l.Chunks(), 0
		l.Each(func(lp []byte) { size += int64(len(lp)) })
	}
	return fmt.Sprintf(" ql_nodes:%d ql_avg_node:%.2f ql_listpack_max:%d ql_compressed:0 ql_uncompressed_size:%d",
		nodes, float64(elements)/float64(nodes), limit, size)
}

// debugFind looks up the key that a subcommand is about.
func (c *Ctx) debugFind() (store.Key, error) {
	k := c.DB.Visible(c.Args[2])
	if !k.Exists() {
		return k, resp.ErrNoSuchKey
	}
	return k, nil
}

// debugSdslen shows how much room key and value have: the value may grow in place.
func debugSdslen(c *Ctx) error {
	k, err := c.debugFind()
	if err != nil {
		return err
	}
	if k.Type() != store.String || k.Encoding() == store.Int {
		return resp.ErrDebugSds
	}
	record, room := k.Room()
	c.Out.Status(fmt.Sprintf("key_sds_len:%d, key_sds_avail:0, key_zmalloc: %d, val_sds_len:%d, val_sds_avail:%d, val_zmalloc: %d",
		len(k.Name()), record-room, len(k.Bytes()), room-len(k.Bytes()), room))
	return nil
}

// debugListpack prints the entries of a packed value.
func debugListpack(c *Ctx) error {
	k, err := c.debugFind()
	if err != nil {
		return err
	}
	if k.Encoding() != store.Listpack {
		return resp.ErrDebugListpack
	}
	c.S.print(listpackText(k.Bytes(), true))
	c.Out.Status("Listpack structure printed on stdout")
	return nil
}

// debugQuicklist prints the nodes of a list, and with a level of 1 their entries.
func debugQuicklist(c *Ctx) error {
	k, err := c.debugFind()
	if err != nil {
		return err
	}
	full := false
	if len(c.Args) == 4 {
		n, _ := resp.ParseInt(c.Args[3])
		full = n != 0
	}
	if k.Encoding() != store.Quicklist {
		return resp.ErrDebugQuicklist
	}
	var b strings.Builder
	node := 0
	show := func(lp []byte) {
		fmt.Fprintf(&b, "{quicklist node(%d)\n%s}\n", node, listpackText(lp, full))
		node++
	}
	if l := largeListOf(&k); l != nil {
		l.Each(show)
	} else {
		show(k.Bytes())
	}
	c.S.print(fmt.Sprintf("{count: %d}\n{nodes: %d}\n%s", listLen(&k), node, b.String()))
	c.Out.Status("Quicklist structure printed on stdout")
	return nil
}

// listpackText describes a listpack, and its entries if they are wanted.
func listpackText(lp []byte, entries bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "{total bytes %d} {num entries %d}\n", len(lp), listpack.Len(lp))
	if !entries {
		return b.String()
	}
	const shown = 40 // bytes of an entry
	var digits [20]byte
	index := 0
	for off := listpack.First(lp); off != listpack.None; off = listpack.Next(lp, off) {
		e := listpack.Element(lp, off, digits[:])
		more := ""
		if len(e) > shown {
			e, more = e[:shown], "..."
		}
		fmt.Fprintf(&b, "{\n\toffset: %d,\n\tindex: %d,\n\t[%s%s]\n}\n", off, index, resp.AppendQuoted(nil, e), more)
		index++
	}
	return b.String() + "{end}\n\n"
}

// print writes to the process's standard output.
func (s *Server) print(text string) {
	if s.env.Print != nil {
		s.env.Print(text)
	}
}
