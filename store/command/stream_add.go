package command

import (
	"strconv"

	"spindle/resp"
	"spindle/store"
	"spindle/store/stream"
)

// XADD and XTRIM. The log gets the ID that was chosen, and what trimming came to.

// addOptions are the arguments of XADD in front of the fields, or of XTRIM behind the key.
type addOptions struct {
	id         stream.ID
	auto       bool // the ID is of the time now
	autoSeq    bool // the sequence number is the next one
	noMkstream bool

	trims      bool
	trim       stream.Trim
	limitGiven bool
	idAt       int // place of the ID among the arguments
	trimAt     int // place of the threshold, behind "~", "=" or the strategy
}

// addOptions parses from argument 2 on. Without withID everything has to be an option.
func (c *Ctx) addOptions(withID bool) (o addOptions, err error) {
	for a := c.Options(2); a.More(); {
		switch {
		case withID && a.Token("*"):
			o.auto, o.idAt = true, a.Pos()-1
		case a.TokenWith("MAXLEN", 1):
			err = o.strategy(&a, false)
		case a.TokenWith("MINID", 1):
			err = o.strategy(&a, true)
		case a.TokenWith("LIMIT", 1):
			var n int64
			if n, err = a.Int(); err == nil && n < 0 {
				err = resp.ErrStreamLimit
			}
			o.trim.Limit, o.limitGiven = int(n), true
		case withID && a.Token("NOMKSTREAM"):
			o.noMkstream = true
		case withID:
			arg, _ := a.Next()
			o.idAt = a.Pos() - 1
			o.id, o.autoSeq, err = parseNewID(arg)
		default:
			err = resp.ErrSyntax
		}
		if err != nil {
			return o, err
		}
		if o.idAt != 0 {
			break
		}
	}
	return o, o.settle(c, withID)
}

// parseNewID reads the ID of a new entry, whose sequence number may be "*".
func parseNewID(arg []byte) (id stream.ID, autoSeq bool, err error) {
	text := cText(arg)
	if n := len(text); n > 2 && text[n-2] == '-' && text[n-1] == '*' && len(arg) <= idLenMax {
		ms, ok := parseUint(text[:n-2])
		if !ok {
			return id, false, resp.ErrStreamID
		}
		return stream.ID{Ms: ms}, true, nil
	}
	id, err = parseStreamID(arg, 0)
	return id, false, err
}

// strategy parses what follows MAXLEN or MINID.
func (o *addOptions) strategy(a *Cursor, byID bool) (err error) {
	if o.trims {
		return resp.ErrStreamMaxlenMinid
	}
	o.trims = true
	o.trim.ByID = byID
	o.trim.Approx = a.TokenWith("~", 1)
	if !o.trim.Approx {
		a.TokenWith("=", 1)
	}
	o.trimAt = a.Pos()
	if byID {
		arg, _ := a.Next()
		o.trim.MinID, err = parseStreamID(arg, 0)
		return err
	}
	n, err := a.Int()
	if err == nil && n < 0 {
		err = resp.ErrStreamMaxlen
	}
	o.trim.MaxLen = int(n)
	return err
}

// Bounds of what an approximate trimming removes when it is not told.
const (
	trimNodes    = 100
	trimEntries  = 10_000 // where nodes have no limit
	trimLimitMax = 1_000_000
)

// settle checks the options against each other and sets the limit of the work. The log has what trimming came to, so its
// commands have no limit.
func (o *addOptions) settle(c *Ctx, withID bool) error {
	switch {
	case o.trim.Limit > 0 && !o.trims:
		return resp.ErrStreamLimitAlone
	case !withID && !o.trims:
		return resp.ErrXtrimStrategy
	case c.S.loading:
		o.trim.Limit = 0
	case o.limitGiven && !o.trim.Approx:
		return resp.ErrStreamLimitExact
	case !o.limitGiven && o.trim.Approx:
		o.trim.Limit = trimEntries
		if n := c.S.Config.StreamNodeMaxEntries; n > 0 {
			o.trim.Limit = trimNodes * min(n, trimLimitMax/trimNodes)
		}
	}
	return nil
}

// nextID returns the ID of the entry that is added.
func (o *addOptions) nextID(s *stream.Stream, nowMs int64) (stream.ID, error) {
	id, ok := o.id, true
	switch {
	case s.Last == stream.MaxID:
		return id, resp.ErrStreamExhausted
	case o.auto:
		if id = (stream.ID{Ms: uint64(nowMs)}); id.Ms <= s.Last.Ms {
			id, ok = s.Last.Next()
		}
	case o.autoSeq && id.Ms == s.Last.Ms:
		id, ok = s.Last.Next()
		ok = ok && id.Ms == s.Last.Ms
	}
	if !ok || !s.Last.Less(id) {
		return id, resp.ErrXaddSmallID
	}
	return id, nil
}

func (c *Ctx) nodeLimits() stream.Limits {
	return stream.Limits{Bytes: c.S.Config.StreamNodeMaxBytes, Entries: c.S.Config.StreamNodeMaxEntries}
}

// streamOf returns the stream of a key, or one that is not in the keyspace yet; see keepStream.
func (c *Ctx) streamOf(k *store.Key) *stream.Stream {
	if k.Exists() {
		return largeStream(k)
	}
	return stream.New(c.S.Store.Mem)
}

// keepStream gives a missing key a stream.
func keepStream(k *store.Key, name []byte, s *stream.Stream) {
	k.SetObject(name, store.Stream, store.StreamLog, s, store.KeepExpire)
}

func xaddCommand(c *Ctx) error {
	o, err := c.addOptions(true)
	if err != nil {
		return err
	}
	first := o.idAt + 1
	if n := len(c.Args) - first; o.idAt == 0 || n < 2 || n%2 != 0 {
		return resp.ErrWrongArity(c.Cmd.full)
	}
	if !o.auto && !o.autoSeq && o.id.Zero() {
		return resp.ErrXaddZeroID
	}
	key := c.Args[1]
	k, err := c.FindForWrite(key, store.Stream)
	if err != nil {
		return err
	}
	if !k.Exists() && o.noMkstream {
		c.Out.Null()
		return nil
	}
	s := c.streamOf(&k)
	id, err := o.nextID(s, c.Now())
	if err != nil {
		return err
	}
	if !s.Append(id, c.Args[first:], c.nodeLimits()) {
		return resp.ErrStreamElementSize
	}
	if !k.Exists() {
		keepStream(&k, key, s)
	}
	text := replyStreamID(c.Out, id)
	c.Changed(ClassStream, "xadd", key)
	if o.trims && s.Trim(o.trim) > 0 {
		c.Notify(ClassStream, "xtrim", key)
	}
	c.logAdd(&o, s, text)
	return nil
}

// logAdd logs an XADD with the ID that was chosen and the trimming that was done.
func (c *Ctx) logAdd(o *addOptions, s *stream.Stream, id []byte) {
	if c.S.Log == nil || !o.auto && !o.autoSeq && !o.trim.Approx {
		return
	}
	asked := c.Args[o.idAt]
	c.Args[o.idAt] = id
	if o.trim.Approx {
		c.logTrim(o, s)
	} else {
		c.Propagate(c.Args...)
	}
	c.Args[o.idAt] = asked
}

var wordExactly = []byte("=")

// logTrim logs the command with an exact threshold in place of an approximate one.
func (c *Ctx) logTrim(o *addOptions, s *stream.Stream) {
	args := append([][]byte(nil), c.Args...)
	args[o.trimAt-1] = wordExactly
	if o.trim.ByID {
		args[o.trimAt] = s.Bottom().Append(nil)
	} else {
		args[o.trimAt] = strconv.AppendInt(nil, int64(s.Entries()), 10)
	}
	c.Propagate(args...)
}

func xtrimCommand(c *Ctx) error {
	o, err := c.addOptions(false)
	if err != nil {
		return err
	}
	key := c.Args[1]
	s, err := c.findStreamForWrite(key)
	if err != nil {
		return err
	}
	deleted := 0
	if s != nil {
		deleted = s.Trim(o.trim)
	}
	if deleted > 0 {
		c.changedStream("xtrim", key)
		if o.trim.Approx {
			c.logTrim(&o, s)
		}
	}
	c.Out.Int(int64(deleted))
	return nil
}
