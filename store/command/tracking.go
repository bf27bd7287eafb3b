package command

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"

	"spindle/resp"
	"spindle/store/hash"
)

// CLIENT TRACKING: the server remembers which keys a client has read, so that the client can cache them, and tells it when
// one changes. Or (BCAST) it tells of all keys with a prefix and remembers nothing.
//
// The table maps a key to the IDs of the clients that may have it, eight bytes each, in memory the collector does not scan. It is
// bounded: beyond tracking-table-max-keys, random keys are forgotten, which is told as if they had changed.
// IDs of clients that have gone stay until the key changes.

// tracker is one client's side.
type tracker struct {
	redirect int64 // client that gets the messages; 0: the client itself
	broken   bool  // it has gone
	bcast    bool
	optIn    bool
	optOut   bool
	noLoop   bool
	caching  bool // CLIENT CACHING was called just before
	prefixes []string
}

// tracking is the server's side.
type tracking struct {
	s        *Server
	clients  int
	table    *hash.Map
	items    int64 // IDs in it
	prefixes map[string]*prefixTracking

	later []invalidation // for the client that runs a command: they follow its reply
}

// prefixTracking is a prefix that BCAST clients follow, with the keys changed in this event.
type prefixTracking struct {
	clients map[int64]*Client
	changed map[string]int64 // key -> client whose command changed it last, 0: none
}

// invalidation is a message that waits; a nil key stands for all keys.
type invalidation struct {
	c   *Client
	key []byte
}

var trackingSubcommands = []*Command{
	{Name: "caching", Arity: 3, Flags: NoScript | Loading | Stale, Group: "connection", Since: "6.0.0", Categories: CatConnection,
		Complexity: "O(1)", Syntax: "mode(YES|NO)",
		Summary: "Instruct the server about tracking or not keys in the next request", Run: clientCachingCommand},
	{Name: "getredir", Arity: 2, Flags: NoScript | Loading | Stale, Group: "connection", Since: "6.0.0", Categories: CatConnection,
		Complexity: "O(1)", Summary: "Get tracking notifications redirection client ID if any", Run: clientGetredirCommand},
	{Name: "trackinginfo", Arity: 2, Flags: NoScript | Loading | Stale, Group: "connection", Since: "6.2.0", Categories: CatConnection,
		Complexity: "O(1)",
		Summary:    "Return information about server assisted client side caching for the current connection", Run: clientTrackinginfoCommand},
	{Name: "tracking", Arity: -3, Flags: NoScript | Loading | Stale, Group: "connection", Since: "6.0.0", Categories: CatConnection,
		Complexity: "O(1). Some options may introduce additional complexity.",
		Syntax:     "status(ON|OFF) [REDIRECT=client-id:integer] [PREFIX=prefix+...] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]",
		Summary:    "Enable or disable server assisted client side caching support", Run: clientTrackingCommand},
}

// redirection is what CLIENT GETREDIR answers: -1 without tracking.
func (t *tracker) redirection() int64 {
	if t == nil {
		return -1
	}
	return t.redirect
}

func clientTrackingCommand(c *Ctx) error {
	var o tracker
	a := c.Options(2)
	on := a.Token("ON")
	off := !on && a.Token("OFF")
	if !on && !off {
		return resp.ErrSyntax
	}
	for a.More() {
		if err := c.trackingOption(&a, &o); err != nil {
			return err
		}
	}
	if off {
		c.S.stopTracking(c.C)
		c.Out.OK()
		return nil
	}
	if err := c.checkTracking(&o); err != nil {
		return err
	}
	c.S.startTracking(c.C, &o)
	c.Out.OK()
	return nil
}

func (c *Ctx) trackingOption(a *Cursor, o *tracker) error {
	switch {
	case a.TokenWith("REDIRECT", 1):
		if o.redirect != 0 {
			return resp.ErrTrackingOneRedirect
		}
		id, err := a.Int()
		if err != nil {
			return err
		}
		if c.S.clients[id] == nil {
			return resp.ErrTrackingNoRedirect
		}
		o.redirect = id
	case a.Token("BCAST"):
		o.bcast = true
	case a.Token("OPTIN"):
		o.optIn = true
	case a.Token("OPTOUT"):
		o.optOut = true
	case a.Token("NOLOOP"):
		o.noLoop = true
	case a.TokenWith("PREFIX", 1):
		p, _ := a.Next()
		o.prefixes = append(o.prefixes, string(p))
	default:
		return resp.ErrSyntax
	}
	return nil
}

// checkTracking refuses options that contradict each other or what the client tracks already.
func (c *Ctx) checkTracking(o *tracker) error {
	old := c.C.track
	switch {
	case len(o.prefixes) > 0 && !o.bcast:
		return resp.ErrTrackingPrefixBcast
	case old != nil && old.bcast != o.bcast:
		return resp.ErrTrackingSwitchBcast
	case o.bcast && (o.optIn || o.optOut):
		return resp.ErrTrackingOptBcast
	case o.optIn && o.optOut:
		return resp.ErrTrackingOptBoth
	case old != nil && (o.optIn && old.optOut || o.optOut && old.optIn):
		return resp.ErrTrackingSwitchOpt
	}
	if o.bcast {
		return checkPrefixes(old, o.prefixes)
	}
	return nil
}

// checkPrefixes refuses prefixes of which one would cover another: their keys would be told twice.
func checkPrefixes(old *tracker, prefixes []string) error {
	overlap := func(a, b string) bool { return strings.HasPrefix(a, b) || strings.HasPrefix(b, a) }
	for i, p := range prefixes {
		if old != nil {
			for _, q := range old.prefixes {
				if overlap(p, q) {
					return resp.ErrTrackingPrefixes(p, q)
				}
			}
		}
		for _, q := range prefixes[i+1:] {
			if overlap(p, q) {
				return resp.ErrTrackingPrefixesOnce(p, q)
			}
		}
	}
	return nil
}

func (s *Server) startTracking(c *Client, o *tracker) {
	t := &s.tracking
	t.s = s
	if c.track == nil {
		c.track = &tracker{}
		t.clients++
		s.hooks |= hookTracking
		c.gates |= gateTracking
		if t.table == nil {
			t.table = hash.New(s.Store.Mem, s.Store.Seed())
		}
	}
	have := c.track.prefixes
	if o.bcast && len(o.prefixes) == 0 && len(have) == 0 {
		o.prefixes = []string{""}
	}
	for _, p := range o.prefixes {
		t.follow(c, p)
	}
	o.prefixes = append(have, o.prefixes...)
	*c.track = *o
}

func (t *tracking) follow(c *Client, prefix string) {
	if t.prefixes == nil {
		t.prefixes = map[string]*prefixTracking{}
	}
	p := t.prefixes[prefix]
	if p == nil {
		p = &prefixTracking{clients: map[int64]*Client{}, changed: map[string]int64{}}
		t.prefixes[prefix] = p
	}
	p.clients[c.ID] = c
}

// stopTracking ends tracking, as when the client has gone.
func (s *Server) stopTracking(c *Client) {
	if c.track == nil {
		return
	}
	t := &s.tracking
	for _, name := range c.track.prefixes {
		p := t.prefixes[name]
		if delete(p.clients, c.ID); len(p.clients) == 0 {
			delete(t.prefixes, name)
		}
	}
	c.track = nil
	c.gates &^= gateTracking
	if t.clients--; t.clients == 0 {
		s.hooks &^= hookTracking
		for t.table.Free(1<<20) == 1<<20 {
		}
		t.table, t.items = nil, 0
	}
}

// trackRead remembers the keys that a client has read. It runs after every command of the client.
func (s *Server) trackRead(c *Client, cmd *Command, args [][]byte) {
	o := c.track
	wanted := !o.bcast && (!o.optIn || o.caching) && (!o.optOut || !o.caching)
	if wanted && cmd.Flags&ReadOnly != 0 && cmd.Flags&PubSub == 0 {
		s.rememberKeys(c, cmd, args)
	}
	if c.multi == nil && !isClientCommand(cmd) {
		o.caching = false
	}
}

func isClientCommand(cmd *Command) bool { return cmd.parent != nil && cmd.parent.Name == "client" }

// rememberKeys notes that the client may cache a command's keys.
func (s *Server) rememberKeys(c *Client, cmd *Command, args [][]byte) {
	keys, ok := cmd.KeysOf(args)
	if !ok {
		return
	}
	for _, k := range keys {
		if k.Flags&NotKey == 0 && hash.Fits(len(args[k.Pos]), 8) {
			s.tracking.remember(args[k.Pos], c.ID)
		}
	}
}

func (t *tracking) remember(key []byte, id int64) {
	var mine [8]byte
	binary.LittleEndian.PutUint64(mine[:], uint64(id))
	ids, _ := t.table.Value(key)
	for i := 0; i < len(ids); i += 8 {
		if string(ids[i:i+8]) == string(mine[:]) {
			return
		}
	}
	if hash.Fits(len(key), len(ids)+8) {
		t.table.Set(key, append(slices.Clone(ids), mine[:]...), false)
		t.items++
	}
}

// changed tells of a changed key. by is the client that changed it, or nil.
func (t *tracking) changed(by *Client, key []byte) {
	var id int64
	if by != nil {
		id = by.ID
	}
	for name, p := range t.prefixes {
		if strings.HasPrefix(string(key), name) {
			p.changed[string(key)] = id
		}
	}
	t.forget(by, key)
}

// forget tells the clients that may have a key, and no longer tracks it for them.
func (t *tracking) forget(by *Client, key []byte) {
	ids, ok := t.table.Value(key)
	if !ok {
		return
	}
	for _, id := range clientIDs(ids) {
		c := t.s.clients[id]
		if c == nil || c.track == nil || c.track.bcast || c == by && c.track.noLoop {
			continue
		}
		t.invalidate(c, key)
	}
	t.table.Delete(key)
	t.items -= int64(len(ids) / 8)
}

func clientIDs(packed []byte) []int64 {
	ids := make([]int64, 0, len(packed)/8)
	for ; len(packed) > 0; packed = packed[8:] {
		ids = append(ids, int64(binary.LittleEndian.Uint64(packed)))
	}
	return ids
}

// flushed tells all clients to forget all keys.
func (t *tracking) flushed(by *Client) {
	for _, c := range t.s.sortedClients(func(c *Client) bool { return c.track != nil }) {
		t.invalidate(c, nil)
	}
	t.s.Store.Drop(t.table)
	t.table = hash.New(t.s.Store.Mem, t.s.Store.Seed())
	t.items = 0
}

// size returns the number of tracked keys, and of pairs of a key and a client that may have it.
func (t *tracking) size() (keys, items int64) {
	if t.table == nil {
		return 0, 0
	}
	return int64(t.table.Len()), t.items
}

// invalidate sends a message, now or after the reply of the client that runs a command.
func (t *tracking) invalidate(c *Client, key []byte) {
	if t.s.unit.depth > 0 && t.s.unit.ctx.C == c && c.track.redirect == 0 {
		if key != nil {
			key = slices.Clone(key)
		}
		t.later = append(t.later, invalidation{c, key})
		return
	}
	t.send(c, key, nil)
}

// send encodes and pushes an invalidation of one key, of many, or of all if there are none.
func (t *tracking) send(c *Client, key []byte, many [][]byte) {
	to := c
	if c.track.redirect != 0 {
		if to = t.s.clients[c.track.redirect]; to == nil || to.flags&killed != 0 {
			t.redirectGone(c)
			return
		}
	}
	b := t.s.pubsub.message[:0]
	switch {
	case to.Out.Proto >= 3:
		b = resp.AppendArrayHeader(b, 2)
		b = resp.AppendBulkString(b, "invalidate")
	case to != c && to.subs != nil:
		b = resp.AppendArrayHeader(b, 3)
		b = resp.AppendBulkString(b, "message")
		b = resp.AppendBulkString(b, "__redis__:invalidate")
	default:
		return // nothing that RESP2 has a form for
	}
	switch {
	case many != nil:
		b = resp.AppendCommand(b, many...)
	case key != nil:
		b = resp.AppendCommand(b, key)
	case to.Out.Proto >= 3:
		b = append(b, "_\r\n"...)
	default:
		b = append(b, "$-1\r\n"...)
	}
	t.s.pubsub.message = b
	to.push(b)
}

// redirectGone tells a client that the one it redirects to has gone.
func (t *tracking) redirectGone(c *Client) {
	c.track.broken = true
	if c.Out.Proto < 3 {
		return
	}
	b := resp.AppendArrayHeader(nil, 2)
	b = resp.AppendBulkString(b, "tracking-redir-broken")
	b = append(b, ':')
	c.push(append(strconv.AppendInt(b, c.track.redirect, 10), "\r\n"...))
}

// finish sends what had to wait for a reply. It runs when a unit is over.
func (t *tracking) finish() {
	later := t.later
	t.later = t.later[:0]
	for _, i := range later {
		if i.c.track != nil {
			t.send(i.c, i.key, nil)
		}
	}
	clear(later)
}

// pending reports whether there is something to tell at the end of the event.
func (t *tracking) pending() bool { return t.clients > 0 }

// flush ends an event: BCAST clients get the changed keys of their prefixes in one message, and the table is cut to size.
func (t *tracking) flush() {
	t.finish()
	for _, name := range sortedKeys(t.prefixes) {
		p := t.prefixes[name]
		if len(p.changed) == 0 {
			continue
		}
		all := sortedKeys(p.changed)
		for _, id := range sortedIDs(p.clients) {
			c := p.clients[id]
			var keys [][]byte
			for _, key := range all {
				if !c.track.noLoop || p.changed[key] != id {
					keys = append(keys, []byte(key))
				}
			}
			if len(keys) > 0 {
				t.send(c, nil, keys)
			}
		}
		clear(p.changed)
	}
	t.limit()
}

func sortedIDs(m map[int64]*Client) []int64 {
	ids := make([]int64, 0, len(m))
	for id := range m {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// limit forgets random keys beyond tracking-table-max-keys, some at a time.
func (t *tracking) limit() {
	most := t.s.Config.TrackingTableMaxKeys
	for n := 0; most > 0 && t.table.Len() > most && n < 1000; n++ {
		key, _, ok := t.table.Random(t.s.Store.Rand)
		if !ok {
			return
		}
		t.forget(nil, slices.Clone(key))
	}
}

func clientCachingCommand(c *Ctx) error {
	o := c.C.track
	switch {
	case o == nil || !o.optIn && !o.optOut:
		return resp.ErrCachingMode
	case isToken(c.Args[2], "YES"):
		if !o.optIn {
			return resp.ErrCachingYes
		}
	case isToken(c.Args[2], "NO"):
		if !o.optOut {
			return resp.ErrCachingNo
		}
	default:
		return resp.ErrSyntax
	}
	o.caching = true
	c.Out.OK()
	return nil
}

func clientGetredirCommand(c *Ctx) error {
	c.Out.Int(c.C.track.redirection())
	return nil
}

func clientTrackinginfoCommand(c *Ctx) error {
	w, o := c.Out, c.C.track
	flags := []string{"off"}
	var prefixes []string
	if o != nil {
		flags, prefixes = o.flagNames(), o.prefixes
	}
	w.Map(3)
	w.BulkString("flags")
	w.Set(len(flags))
	for _, f := range flags {
		w.BulkString(f)
	}
	w.BulkString("redirect")
	w.Int(o.redirection())
	w.BulkString("prefixes")
	w.Array(len(prefixes))
	for _, p := range slices.Sorted(slices.Values(prefixes)) {
		w.BulkString(p)
	}
	return nil
}

func (o *tracker) flagNames() []string {
	flags := []string{"on"}
	add := func(is bool, name string) {
		if is {
			flags = append(flags, name)
		}
	}
	add(o.bcast, "bcast")
	add(o.optIn, "optin")
	add(o.optIn && o.caching, "caching-yes")
	add(o.optOut, "optout")
	add(o.optOut && o.caching, "caching-no")
	add(o.noLoop, "noloop")
	add(o.broken, "broken_redirect")
	return flags
}
