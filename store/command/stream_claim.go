package command

import (
	"math"
	"slices"
	"strconv"

	"spindle/resp"
	"spindle/store/stream"
)

// XCLAIM and XAUTOCLAIM: entries that were delivered and not acknowledged.

var streamClaimCommands = []*Command{
	{Name: "xautoclaim", Arity: -6, Flags: Write | Fast, Keys: []KeySpec{oneKey(1, RW|KeyDelete)}, Group: "stream",
		Since: "6.2.0", Categories: CatStream, Complexity: "O(1) if COUNT is small.",
		Tips:    []string{"nondeterministic_output"},
		History: []Change{{"7.0.0", "Added an element to the reply array, containing deleted entries the command cleared from the PEL"}},
		Syntax:  "key group consumer min-idle-time start [COUNT=count:integer] [JUSTID]",
		Summary: "Changes (or acquires) ownership of messages in a consumer group, as if the messages were delivered to the specified consumer.",
		Run:     xautoclaimCommand},
	{Name: "xclaim", Arity: -6, Flags: Write | Fast, Keys: []KeySpec{oneKey(1, RW|Update)}, Group: "stream",
		Since: "5.0.0", Categories: CatStream,
		Complexity: "O(log N) with N being the number of messages in the PEL of the consumer group.",
		Tips:       []string{"nondeterministic_output"},
		Syntax:     "key group consumer min-idle-time id... [IDLE=ms:integer] [TIME=unix-time-milliseconds:unix-time] [RETRYCOUNT=count:integer] [FORCE] [JUSTID] [LASTID=id]",
		Summary:    "Changes (or acquires) ownership of a message in a consumer group, as if the message was delivered to the specified consumer.",
		Run:        xclaimCommand},
}

var (
	wordXclaim         = []byte("XCLAIM")
	wordXgroup         = []byte("XGROUP")
	wordSetid          = []byte("SETID")
	wordCreateconsumer = []byte("CREATECONSUMER")
	wordEntriesRead    = []byte("ENTRIESREAD")
	wordTime           = []byte("TIME")
	wordRetryCount     = []byte("RETRYCOUNT")
	wordForce          = []byte("FORCE")
	wordJustid         = []byte("JUSTID")
	wordLastid         = []byte("LASTID")
	wordZero           = []byte("0")
)

// claimLog writes to the log what happened to the pending entries of a group.
type claimLog struct {
	c          *Ctx
	key, group []byte
	g          *stream.Group
	room       [2*streamIDLen + 40]byte
}

// claim logs the state of a pending entry. Replayed for an entry that the stream no longer has, it ends that the entry is
// pending.
func (l *claimLog) claim(p *stream.Pending) {
	l.c.DontPropagate()
	if l.c.S.Log == nil {
		return
	}
	b := p.ID.Append(l.room[:0])
	id := len(b)
	b = strconv.AppendInt(b, p.Time, 10)
	time := len(b)
	b = strconv.AppendUint(b, p.Deliveries, 10)
	count := len(b)
	b = l.g.Last.Append(b)
	l.c.Propagate(wordXclaim, l.key, l.group, []byte(p.Consumer.Name()), wordZero, b[:id], wordTime, b[id:time],
		wordRetryCount, b[time:count], wordForce, wordJustid, wordLastid, b[count:])
}

// position logs how far the group has come.
func (l *claimLog) position() {
	b := l.g.Last.Append(l.room[:0])
	id := len(b)
	b = strconv.AppendInt(b, l.g.Read, 10)
	l.c.Propagate(wordXgroup, wordSetid, l.key, l.group, b[:id], wordEntriesRead, b[id:])
}

// groupFor finds the stream Args[1] and its group Args[2] for a change of what is pending. Both have to be there.
func (c *Ctx) groupFor() (*stream.Stream, *stream.Group, error) {
	s, err := c.findStreamForWrite(c.Args[1])
	if err != nil {
		return nil, nil, err
	}
	if s != nil {
		if g := s.Group(c.Args[2]); g != nil {
			return s, g, nil
		}
	}
	return nil, nil, resp.ErrNoKeyOrGroup(c.Args[1], c.Args[2])
}

// claimOptions are the arguments of XCLAIM behind the IDs.
type claimOptions struct {
	timeMs     int64 // what to take for the last delivery
	retryCount int64 // -1: not given
	force      bool
	justID     bool
	lastID     stream.ID
}

func (c *Ctx) claimOptions(i int) (o claimOptions, err error) {
	o.timeMs, o.retryCount = -1, -1
	for a := c.Options(i); a.More() && err == nil; {
		switch {
		case a.Token("FORCE"):
			o.force = true
		case a.Token("JUSTID"):
			o.justID = true
		case a.TokenWith("IDLE", 1):
			o.timeMs, err = intOr(&a, resp.ErrXclaimIdle)
			o.timeMs = c.Now() - o.timeMs
		case a.TokenWith("TIME", 1):
			o.timeMs, err = intOr(&a, resp.ErrXclaimTime)
		case a.TokenWith("RETRYCOUNT", 1):
			o.retryCount, err = intOr(&a, resp.ErrXclaimRetry)
		case a.TokenWith("LASTID", 1):
			arg, _ := a.Next()
			o.lastID, err = parseStreamID(arg, 0)
		default:
			arg, _ := a.Next()
			err = resp.ErrXclaimOption(arg)
		}
	}
	if o.timeMs < 0 || o.timeMs > c.Now() { // a client's clock may be wrong
		o.timeMs = c.Now()
	}
	return o, err
}

// intOr consumes an integer; anything else is the given error.
func intOr(a *Cursor, otherwise resp.Error) (int64, error) {
	n, err := a.Int()
	if err != nil {
		return 0, otherwise
	}
	return n, nil
}

// A claimer passes entries of a group to one of its consumers, which is created when there is one to pass.
type claimer struct {
	claimLog
	s       *stream.Stream
	name    []byte
	to      *stream.Consumer // nil before the first claim
	minIdle int64            // milliseconds
	o       claimOptions
	done    int // entries passed on
	logged  int // entries of which the log has heard
}

// claimer returns one for the stream, the group and the consumer that the first arguments name.
func (c *Ctx) claimer(s *stream.Stream, g *stream.Group, minIdle int64, o claimOptions) *claimer {
	c.DontPropagate() // but for what the claimer logs
	return &claimer{claimLog: claimLog{c: c, key: c.Args[1], group: c.Args[2], g: g}, s: s, name: c.Args[3], minIdle: minIdle, o: o}
}

func xclaimCommand(c *Ctx) error {
	s, g, err := c.groupFor()
	if err != nil {
		return err
	}
	minIdle, ok := resp.ParseInt(c.Args[4])
	if !ok {
		return resp.ErrXclaimMinIdle
	}
	var ids []stream.ID
	at := 5
	for ; at < len(c.Args); at++ {
		id, err := parseStreamID(c.Args[at], 0)
		if err != nil {
			break // options follow
		}
		ids = append(ids, id)
	}
	o, err := c.claimOptions(at)
	if err != nil {
		return err
	}
	moved := g.Last.Less(o.lastID)
	if moved {
		g.Last = o.lastID
	}
	a := c.claimer(s, g, minIdle, o)
	list := c.Out.ReserveArray()
	for _, id := range ids {
		a.claim(id)
	}
	c.Out.SetLen(list, a.done)
	if moved && a.logged == 0 {
		a.position()
		c.changedGroup("", a.key)
	}
	return nil
}

// claim passes an entry on if it is pending, for long enough, or if that does not matter, and writes it. An entry
// that the stream no longer has ceases to be pending: gone.
func (a *claimer) claim(id stream.ID) (claimed, gone bool) {
	p, pending := a.g.Pending(id)
	exists, now := a.s.Has(id), a.c.Now()
	switch {
	case !exists && pending:
		a.log(&p)
		a.g.Ack(id)
		return false, true
	case !exists, !pending && !a.o.force, pending && a.minIdle > 0 && now-p.Time < a.minIdle:
		return false, false
	case !pending:
		p = stream.Pending{ID: id, Deliveries: 1}
	}
	if a.to == nil {
		a.to = a.c.groupMember(a.g, a.name, a.key, a.group, false)
	}
	p.Consumer, p.Time = a.to, a.o.timeMs
	switch {
	case a.o.retryCount >= 0:
		p.Deliveries = uint64(a.o.retryCount)
	case !a.o.justID:
		p.Deliveries++
	}
	a.g.SetPending(p)
	if a.o.justID {
		replyStreamID(a.c.Out, id)
	} else {
		replyOneEntry(a.c.Out, a.s, id)
	}
	a.done++
	a.log(&p)
	return true, false
}

// log tells the log what has become of a pending entry.
func (a *claimer) log(p *stream.Pending) {
	a.claimLog.claim(p)
	a.logged++
	a.c.changedGroup("", a.key)
}

// Bounds of XAUTOCLAIM's COUNT. Redis refuses what it could not hold the removed IDs of; nothing is allocated by it here.
const (
	autoclaimTries    = 10 // pending entries looked at for each to be claimed
	autoclaimCountMax = math.MaxInt64 / 16
	autoclaimBytesMax = 1 << 47
)

// autoclaimOptions parses what follows the start.
func (c *Ctx) autoclaimOptions() (count int64, justID bool, err error) {
	count = 100
	for a := c.Options(6); a.More(); {
		switch {
		case a.TokenWith("COUNT", 1):
			arg, _ := a.Next()
			n, ok := resp.ParseInt(arg)
			if !ok || n < 1 || n > autoclaimCountMax {
				return 0, false, resp.ErrXautoclaimZero
			}
			count = n
		case a.Token("JUSTID"):
			justID = true
		default:
			return 0, false, resp.ErrSyntax
		}
	}
	return count, justID, nil
}

func xautoclaimCommand(c *Ctx) error {
	minIdle, ok := resp.ParseInt(c.Args[4])
	if !ok {
		return resp.ErrXautoclaimMinIdle
	}
	start, err := parseRangeID(c.Args[5], false)
	if err != nil {
		return err
	}
	count, justID, err := c.autoclaimOptions()
	if err != nil {
		return err
	}
	s, g, err := c.groupFor()
	if err != nil {
		return err
	}
	if count > autoclaimBytesMax/16 {
		return resp.ErrXautoclaimCount
	}
	a := c.claimer(s, g, minIdle, claimOptions{timeMs: c.Now(), retryCount: -1, justID: justID})
	c.Out.Array(3)
	gone := a.sweep(start, count)
	c.Out.Array(len(gone))
	for _, id := range gone {
		replyStreamID(c.Out, id)
	}
	return nil
}

// sweep claims up to count entries from start on. It writes where to go on, 0-0 at the end, and the array of what was
// claimed, and returns the IDs of entries that the stream no longer has.
func (a *claimer) sweep(start stream.ID, count int64) (gone []stream.ID) {
	w := a.c.Out
	at := len(w.Buf)
	list := w.ReserveArray()
	cur := a.g.From(start)
	for tries := count * autoclaimTries; tries > 0 && int64(a.logged) < count && cur.Valid(); tries-- {
		id := cur.ID()
		if _, removed := a.claim(id); removed {
			gone = append(gone, id)
			cur = a.g.From(id)
		} else {
			cur.Next()
		}
	}
	w.SetLen(list, a.done)
	var next stream.ID
	if cur.Valid() {
		next = cur.ID()
	}
	w.Buf = slices.Insert(w.Buf, at, resp.AppendBulkString(nil, next.String())...)
	return gone
}
