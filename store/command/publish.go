package command

import (
	"strconv"

	"spindle/resp"
	"spindle/store"
	"spindle/store/glob"
)

// How messages get to clients that did not ask for them just now: subscribers, and those who cache keys. They are
// appended to the client's output in the order they come up, between two replies or, for the client
// that runs a command itself, where Redis has them: before its reply.

func publishCommand(c *Ctx) error {
	c.Out.Int(int64(c.S.publish(c.Args[1], c.Args[2])))
	return nil
}

func spublishCommand(c *Ctx) error {
	c.Out.Int(int64(c.S.publishTo(c.S.pubsub.channels[shardChannel], "smessage", c.Args[1], c.Args[2])))
	return nil
}

// publish sends a message to a channel and to the patterns that match it. It returns the number of receivers.
func (s *Server) publish(name, message []byte) int {
	p := &s.pubsub
	n := s.publishTo(p.channels[plainChannel], "message", name, message)
	for _, pattern := range p.patterns {
		if !glob.Match([]byte(pattern.name), name, false) {
			continue
		}
		b := resp.AppendArrayHeader(p.message[:0], 4)
		b = resp.AppendBulkString(b, "pmessage")
		b = resp.AppendBulkString(b, pattern.name)
		b = resp.AppendBulk(b, name)
		n += s.send(pattern, resp.AppendBulk(b, message))
	}
	return n
}

func (s *Server) publishTo(channels map[string]*channel, word string, name, message []byte) int {
	ch := channels[string(name)]
	if ch == nil {
		return 0
	}
	b := resp.AppendArrayHeader(s.pubsub.message[:0], 3)
	b = resp.AppendBulkString(b, word)
	b = resp.AppendBulk(b, name)
	return s.send(ch, resp.AppendBulk(b, message))
}

// send pushes an encoded message to a channel's subscribers.
func (s *Server) send(ch *channel, message []byte) int {
	if cap(message) <= scratchMax {
		s.pubsub.message = message
	}
	for _, sub := range ch.subs {
		sub.c.push(message)
	}
	return len(ch.subs)
}

// push appends a message, encoded as a RESP2 array, to the client's output. In RESP3 its type is another; the rest is the same.
func (c *Client) push(message []byte) {
	if c.flags&closing != 0 || c.conn == nil {
		return
	}
	c.room()
	at := len(c.Out.Buf)
	c.Out.Buf = append(c.Out.Buf, message...)
	if c.Out.Proto >= 3 {
		c.Out.Buf[at] = '>'
	}
	c.spare(c.Out.Buf[at:])
	c.pushed()
}

// room sees to a buffer for a client that does not run a command.
func (c *Client) room() {
	if c.Out.Buf == nil {
		if c.Out.Buf = c.s.spare.take(); c.Out.Buf == nil {
			c.s.spare.made++
		}
	}
}

// pushed has what was pushed sent: with the client's replies if it is about to get some, or at the end of the event.
func (c *Client) pushed() {
	s := c.s
	if c.flags&(inDirty|inPushed) == 0 {
		c.flags |= inPushed
		s.pushes = append(s.pushes, c)
	}
	if len(c.Out.Buf) >= pushBytes && s.unit.ctx.C != c {
		c.sendNow()
	}
}

// pushBytes is when messages are sent without waiting for a turn: with many subscribers the sum of their buffers should stay
// in reach of the processor's caches.
const pushBytes = 16 << 10

// pushesAtOnce is up to how many clients get what was pushed to them at the end of the event. More wait for the next turn
// of the loop: until then other publishers may have had their say, and one write serves for all. The writes are what costs,
// so the next turn comes no sooner than a part of the time that the last one took.
const (
	pushesAtOnce = 8
	pushesPause  = 4 // the pause is this part of the time
)

// flushPushes sends what was pushed in this event.
func (s *Server) flushPushes(logged int64) {
	if len(s.pushes) <= pushesAtOnce {
		s.sendPushes(logged)
		return
	}
	if s.pushesPosted {
		return
	}
	s.pushesPosted = true
	if wait := s.pushesNext - s.env.MonoNano(); wait > 0 {
		s.env.After(wait, s.pushTurn)
	} else {
		s.env.Post(s.pushTurn)
	}
}

// pushTurn sends what was pushed to many. It runs on the loop.
func (s *Server) pushTurn() {
	s.pushesPosted = false
	s.BeginEvent()
	start := s.env.MonoNano()
	s.sendPushes(s.endBatch())
	end := s.env.MonoNano()
	s.pushesNext = end + (end-start)/pushesPause
	s.EndEvent()
}

func (s *Server) sendPushes(logged int64) {
	for _, c := range s.pushes {
		c.flags &^= inPushed
		if c.flags&inDirty == 0 {
			c.flush(logged)
		}
	}
	clear(s.pushes)
	s.pushes = s.pushes[:0]
}

// spareBuffers are empty output buffers of some size: a message to a thousand clients needs a thousand.
type spareBuffers struct {
	list  [][]byte
	bytes int
	idle  int // length of the shortest list since the last trim

	made, freed int64 // buffers
	trimmedMs   int64 // when trim was called last
	keepMs      int64 // for so long a buffer must not have been needed to be freed; DEBUG REPLYBUFFER
	keepAll     bool
}

const (
	spareBytesMax  = 32 << 20 // of all
	spareBufferMax = 32 << 10 // of one
)

// trim frees the buffers that have not been needed since it did so last.
func (s *spareBuffers) trim(nowMs int64) {
	if s.keepAll || nowMs-s.trimmedMs < s.keepMs {
		return
	}
	s.trimmedMs = nowMs
	for range min(s.idle, len(s.list)) {
		s.take()
		s.freed++
	}
	s.idle = len(s.list)
}

func (s *spareBuffers) take() []byte {
	n := len(s.list)
	if n == 0 {
		return nil
	}
	b := s.list[n-1]
	s.list[n-1] = nil
	s.list = s.list[:n-1]
	s.bytes -= cap(b)
	s.idle = min(s.idle, n-1)
	return b
}

func (s *spareBuffers) give(b []byte) {
	if b == nil || cap(b) > spareBufferMax || s.bytes+cap(b) > spareBytesMax {
		return
	}
	s.list = append(s.list, b[:0])
	s.bytes += cap(b)
}

// notify publishes a keyspace event to those who may listen.
func (s *Server) notify(db *store.DB, class Class, event string, key []byte) {
	on := Class(s.Config.NotifyKeyspaceEvents)
	p := &s.pubsub
	if on&class == 0 || len(p.channels[plainChannel]) == 0 && len(p.patterns) == 0 {
		return
	}
	if on&ClassKeyspace != 0 {
		s.publish(append(p.eventChannel("__keyspace@", db), key...), []byte(event))
	}
	if on&ClassKeyevent != 0 {
		s.publish(append(p.eventChannel("__keyevent@", db), event...), key)
	}
}

func (p *pubsub) eventChannel(prefix string, db *store.DB) []byte {
	b := append(p.name[:0], prefix...)
	p.name = append(strconv.AppendInt(b, int64(db.ID), 10), "__:"...)
	return p.name
}

// notifyChanged follows notify-keyspace-events.
func (s *Server) notifyChanged() error {
	on := Class(s.Config.NotifyKeyspaceEvents)
	any := on&(ClassKeyspace|ClassKeyevent) != 0
	s.setHook(hookNotify, any)
	s.Store.Missed, s.Store.Created = nil, nil
	if any && on&ClassMiss != 0 {
		s.Store.Missed = func(db *store.DB, key []byte) { s.notify(db, ClassMiss, "keymiss", key) }
	}
	if any && on&ClassNew != 0 {
		s.Store.Created = func(db *store.DB, key []byte) { s.notify(db, ClassNew, "new", key) }
	}
	return nil
}
