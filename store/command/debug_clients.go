package command

import (
	"fmt"
	"math/bits"
	"strings"

	"spindle/resp"
)

// DEBUG subcommands about clients and their buffers.

// Clients are grouped by the memory that they take, in powers of two.
const (
	evictionLog2Min = 15 // all up to 32 KB are in the first group
	evictionLog2Max = 32 // all from 4 GB on are in the last one
)

// debugClientEviction shows how many clients there are of which size, those left out that are exempt.
func debugClientEviction(c *Ctx) error {
	if c.S.clientMemoryMax() == 0 {
		return resp.ErrClientMemoryOff
	}
	var groups [evictionLog2Max - evictionLog2Min + 1]struct{ bytes, clients int64 }
	for _, other := range c.S.clients {
		if other.flags&(noEvict|killed) != 0 {
			continue
		}
		u := other.usage()
		at := min(max(bits.Len64(uint64(u.total())), evictionLog2Min), evictionLog2Max+1) - evictionLog2Min
		g := &groups[min(at, len(groups)-1)]
		g.bytes += u.total()
		g.clients++
	}
	var b strings.Builder
	from := int64(0)
	for i, g := range groups {
		to := int64(1) << (evictionLog2Min + i)
		if i < len(groups)-1 {
			fmt.Fprintf(&b, "bucket %10d - %10d: tot-mem: %10d, clients: %d\n", from, to-1, g.bytes, g.clients)
		} else {
			fmt.Fprintf(&b, "bucket %10d+            : tot-mem: %10d, clients: %d\n", from, g.bytes, g.clients)
		}
		from = to
	}
	c.Out.Verbatim("txt", b.String())
	return nil
}

// debugReplybuffer sets how spare reply buffers are freed.
func debugReplybuffer(c *Ctx) error {
	spare := &c.S.spare
	switch arg := c.Args[3]; {
	case isToken(c.Args[2], "RESIZING"):
		n, _ := resp.ParseInt(arg)
		spare.keepAll = n == 0
	case !isToken(c.Args[2], "PEAK-RESET-TIME"):
		return resp.ErrSubcommandSyntax([]byte("debug"), c.Args[1])
	case isToken(arg, "NEVER"):
		spare.keepMs = 1<<63 - 1
	case isToken(arg, "RESET"):
		spare.keepMs = 0
	default:
		ms, err := c.Int(3)
		if err != nil {
			return err
		}
		spare.keepMs = max(ms, 0)
	}
	c.Out.OK()
	return nil
}
