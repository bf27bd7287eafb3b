package command

import (
	"bytes"
	"slices"

	"spindle/resp"
	"spindle/store/glob"
)

// Publish and subscribe. A subscription stands in two places: in the list of its channel (or pattern), which a message
// goes along, and in the client's map. A message is encoded once and appended to each subscriber's
// output (publish.go). Shard channels are a namespace of their own; without a cluster that is all they are.

var pubsubCommands = []*Command{
	{Name: "psubscribe", Arity: -2, Channels: channelPattern, Flags: PubSub | NoScript | Loading | Stale | WhileSubscribed, Group: "pubsub", Since: "2.0.0",
		Complexity: "O(N) where N is the number of patterns the client is already subscribed to.",
		Syntax:     "pattern((pattern))...", Summary: "Listen for messages published to channels matching the given patterns",
		Run: psubscribeCommand},
	{Name: "publish", Arity: 3, Channels: firstChannel, Flags: PubSub | Loading | Stale | Fast | MayReplicate, Group: "pubsub", Since: "2.0.0",
		Complexity: "O(N+M) where N is the number of clients subscribed to the receiving channel and M is the total number of subscribed patterns (by any client).",
		Syntax:     "channel message", Summary: "Post a message to a channel", Run: publishCommand},
	{Name: "pubsub", Arity: -2, Group: "pubsub", Since: "2.8.0", Complexity: "Depends on subcommand.",
		Summary: "A container for Pub/Sub commands", Subs: []*Command{
			{Name: "numpat", Arity: 2, Flags: PubSub | Loading | Stale, Group: "pubsub", Since: "2.8.0", Complexity: "O(1)",
				Summary: "Get the count of unique patterns pattern subscriptions", Run: pubsubNumpatCommand},
			{Name: "channels", Arity: -2, Flags: PubSub | Loading | Stale, Group: "pubsub", Since: "2.8.0",
				Complexity: "O(N) where N is the number of active channels, and assuming constant time pattern matching (relatively short channels and patterns)",
				Syntax:     "[pattern]", Summary: "List active channels", Run: pubsubChannelsCommand},
			{Name: "help", Arity: 2, Flags: Loading | Stale, Group: "pubsub", Since: "6.2.0", Complexity: "O(1)",
				Summary: "Show helpful text about the different subcommands", Run: pubsubHelpCommand},
			{Name: "numsub", Arity: -2, Flags: PubSub | Loading | Stale, Group: "pubsub", Since: "2.8.0",
				Complexity: "O(N) for the NUMSUB subcommand, where N is the number of requested channels", Syntax: "[channel...]",
				Summary: "Get the count of subscribers for channels", Run: pubsubNumsubCommand},
			{Name: "shardnumsub", Arity: -2, Flags: PubSub | Loading | Stale, Group: "pubsub", Since: "7.0.0",
				Complexity: "O(N) for the SHARDNUMSUB subcommand, where N is the number of requested shard channels",
				Syntax:     "[shardchannel...]", Summary: "Get the count of subscribers for shard channels",
				Run: pubsubShardnumsubCommand},
			{Name: "shardchannels", Arity: -2, Flags: PubSub | Loading | Stale, Group: "pubsub", Since: "7.0.0",
				Complexity: "O(N) where N is the number of active shard channels, and assuming constant time pattern matching (relatively short shard channels).",
				Syntax:     "[pattern]", Summary: "List active shard channels", Run: pubsubShardchannelsCommand},
		}},
	{Name: "punsubscribe", Arity: -1, Flags: PubSub | NoScript | Loading | Stale | WhileSubscribed, Group: "pubsub",
		Since:      "2.0.0",
		Complexity: "O(N+M) where N is the number of patterns the client is already subscribed and M is the number of total patterns subscribed in the system (by any client).",
		Syntax:     "[pattern...]", Summary: "Stop listening for messages posted to channels matching the given patterns",
		Run: punsubscribeCommand},
	{Name: "spublish", Arity: 3, Channels: firstChannel, Flags: PubSub | Loading | Stale | Fast | MayReplicate, Keys: []KeySpec{oneKey(1, NotKey)}, Group: "pubsub",
		Since: "7.0.0", Complexity: "O(N) where N is the number of clients subscribed to the receiving shard channel.",
		Syntax: "shardchannel message", Summary: "Post a message to a shard channel", Run: spublishCommand},
	{Name: "ssubscribe", Arity: -2, Channels: allChannels, Flags: PubSub | NoScript | Loading | Stale | WhileSubscribed,
		Keys: []KeySpec{atIndex(1).keys(-1, 1, 0).is(NotKey)}, Group: "pubsub", Since: "7.0.0",
		Complexity: "O(N) where N is the number of shard channels to subscribe to.", Syntax: "shardchannel...",
		Summary: "Listen for messages published to the given shard channels", Run: ssubscribeCommand},
	{Name: "subscribe", Arity: -2, Channels: allChannels, Flags: PubSub | NoScript | Loading | Stale | WhileSubscribed, Group: "pubsub", Since: "2.0.0",
		Complexity: "O(N) where N is the number of channels to subscribe to.", Syntax: "channel...",
		Summary: "Listen for messages published to the given channels", Run: subscribeCommand},
	{Name: "sunsubscribe", Arity: -1, Flags: PubSub | NoScript | Loading | Stale | WhileSubscribed,
		Keys: []KeySpec{atIndex(1).keys(-1, 1, 0).is(NotKey)}, Group: "pubsub", Since: "7.0.0",
		Complexity: "O(N) where N is the number of clients already subscribed to a shard channel.",
		Syntax:     "[shardchannel...]", Summary: "Stop listening for messages posted to the given shard channels",
		Run: sunsubscribeCommand},
	{Name: "unsubscribe", Arity: -1, Flags: PubSub | NoScript | Loading | Stale | WhileSubscribed, Group: "pubsub",
		Since: "2.0.0", Complexity: "O(N) where N is the number of clients already subscribed to a channel.",
		Syntax: "[channel...]", Summary: "Stop listening for messages posted to the given channels", Run: unsubscribeCommand},
}

// channelKind is what a name stands for.
type channelKind uint8

const (
	plainChannel channelKind = iota
	patternChannel
	shardChannel
)

// subWords are what the confirmations call a subscription and its end.
var subWords = [...][2]string{
	plainChannel:   {"subscribe", "unsubscribe"},
	patternChannel: {"psubscribe", "punsubscribe"},
	shardChannel:   {"ssubscribe", "sunsubscribe"},
}

// pubsub is the server's side.
type pubsub struct {
	channels [3]map[string]*channel // by kind
	patterns []*channel             // in the order they came up
	message  []byte                 // the encoded message
	name     []byte                 // of a notification's channel
}

// channel is a name somebody is subscribed to.
type channel struct {
	name string
	subs []*subscription
}

type subscription struct {
	c  *Client
	ch *channel
	at int // place in ch.subs
}

// subscriptions are a client's side.
type subscriptions struct {
	byKind [3]map[string]*subscription
}

// count is the number that confirmations tell: shard channels count apart.
func (subs *subscriptions) count(kind channelKind) int {
	switch {
	case subs == nil:
		return 0
	case kind == shardChannel:
		return len(subs.byKind[shardChannel])
	}
	return len(subs.byKind[plainChannel]) + len(subs.byKind[patternChannel])
}

// of is the number of subscriptions of one kind.
func (subs *subscriptions) of(kind channelKind) int64 {
	if subs == nil {
		return 0
	}
	return int64(len(subs.byKind[kind]))
}

func (subs *subscriptions) total() int { return subs.count(plainChannel) + subs.count(shardChannel) }

// subscribe adds a subscription unless the client has it.
func (s *Server) subscribe(c *Client, kind channelKind, name []byte) {
	if c.subs == nil {
		c.subs = &subscriptions{}
		c.gates |= gateSubscribed
	}
	own := c.subs.byKind[kind]
	if own[string(name)] != nil {
		return
	}
	if own == nil {
		own = map[string]*subscription{}
		c.subs.byKind[kind] = own
	}
	all := s.pubsub.channels[kind]
	if all == nil {
		all = map[string]*channel{}
		s.pubsub.channels[kind] = all
	}
	ch := all[string(name)]
	if ch == nil {
		ch = &channel{name: string(name)}
		all[ch.name] = ch
		if kind == patternChannel {
			s.pubsub.patterns = append(s.pubsub.patterns, ch)
		}
	}
	sub := &subscription{c, ch, len(ch.subs)}
	ch.subs = append(ch.subs, sub)
	own[ch.name] = sub
}

// unsubscribe ends a subscription, if there is one.
func (s *Server) unsubscribe(c *Client, kind channelKind, name string) {
	if c.subs == nil {
		return
	}
	sub := c.subs.byKind[kind][name]
	if sub == nil {
		return
	}
	delete(c.subs.byKind[kind], name)
	ch := sub.ch
	last := ch.subs[len(ch.subs)-1]
	ch.subs[sub.at], last.at = last, sub.at
	ch.subs[len(ch.subs)-1] = nil
	ch.subs = ch.subs[:len(ch.subs)-1]
	if len(ch.subs) == 0 {
		delete(s.pubsub.channels[kind], ch.name)
		if kind == patternChannel {
			i := slices.Index(s.pubsub.patterns, ch)
			s.pubsub.patterns = slices.Delete(s.pubsub.patterns, i, i+1)
		}
	}
	if c.subs.total() == 0 {
		c.subs = nil
		c.gates &^= gateSubscribed
	}
}

// names returns the names of a client's subscriptions, sorted, so that replies do not depend on a map's order.
func (subs *subscriptions) names(kind channelKind) []string {
	if subs == nil {
		return nil
	}
	return sortedKeys(subs.byKind[kind])
}

func sortedKeys[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// unsubscribeAll ends all subscriptions of a client without telling it.
func (s *Server) unsubscribeAll(c *Client) {
	for kind := range subWords {
		for _, name := range c.subs.names(channelKind(kind)) {
			s.unsubscribe(c, channelKind(kind), name)
		}
	}
}

// checkSubscribed lets a RESP2 client with subscriptions do little else: it could not tell replies from messages.
func (s *Server) checkSubscribed(c *Client, cmd *Command, args [][]byte) error {
	if c.Out.Proto >= 3 || cmd.Flags&WhileSubscribed != 0 {
		return nil
	}
	return resp.ErrSubscribed(cmd.full)
}

// inSubscribeMode reports whether checkSubscribed's rule holds for the client.
func (c *Client) inSubscribeMode() bool { return c.subs != nil && c.Out.Proto < 3 }

func subscribeCommand(c *Ctx) error    { return c.subscribe(plainChannel) }
func psubscribeCommand(c *Ctx) error   { return c.subscribe(patternChannel) }
func unsubscribeCommand(c *Ctx) error  { return c.unsubscribe(plainChannel) }
func punsubscribeCommand(c *Ctx) error { return c.unsubscribe(patternChannel) }
func sunsubscribeCommand(c *Ctx) error { return c.unsubscribe(shardChannel) }

// ssubscribeCommand is refused inside MULTI, where SUBSCRIBE is not.
func ssubscribeCommand(c *Ctx) error {
	if !c.CanBlock() {
		return resp.ErrSsubscribeBlocking
	}
	return c.subscribe(shardChannel)
}

func (c *Ctx) subscribe(kind channelKind) error {
	start := len(c.Out.Buf)
	for _, name := range c.Args[1:] {
		c.S.subscribe(c.C, kind, name)
		c.confirm(subWords[kind][0], kind)
		c.Out.Bulk(name)
		c.Out.Int(int64(c.C.subs.count(kind)))
	}
	c.C.spare(c.Out.Buf[start:])
	return nil
}

// unsubscribe ends the named subscriptions, or all of the kind. There is a confirmation in any case.
func (c *Ctx) unsubscribe(kind channelKind) error {
	start := len(c.Out.Buf)
	names := make([]string, 0, len(c.Args))
	for _, name := range c.Args[1:] {
		names = append(names, string(name))
	}
	if len(names) == 0 {
		names = c.C.subs.names(kind)
	}
	for _, name := range names {
		c.S.unsubscribe(c.C, kind, name)
		c.confirm(subWords[kind][1], kind)
		c.Out.BulkString(name)
		c.Out.Int(int64(c.C.subs.count(kind)))
	}
	if len(names) == 0 {
		c.confirm(subWords[kind][1], kind)
		c.Out.Null()
		c.Out.Int(int64(c.C.subs.count(kind)))
	}
	c.C.spare(c.Out.Buf[start:])
	return nil
}

// confirm begins a confirmation; the name and the number of subscriptions follow.
func (c *Ctx) confirm(word string, kind channelKind) {
	c.Out.Push(3)
	c.Out.BulkString(word)
}

func pubsubChannelsCommand(c *Ctx) error      { return c.listChannels(plainChannel) }
func pubsubShardchannelsCommand(c *Ctx) error { return c.listChannels(shardChannel) }
func pubsubNumsubCommand(c *Ctx) error        { return c.countSubscribers(plainChannel) }
func pubsubShardnumsubCommand(c *Ctx) error   { return c.countSubscribers(shardChannel) }

// listChannels lists the channels that have subscribers and match the pattern, if one is given.
func (c *Ctx) listChannels(kind channelKind) error {
	if len(c.Args) > 3 {
		return resp.ErrSubcommandSyntax([]byte("pubsub"), c.Args[1])
	}
	names := sortedKeys(c.S.pubsub.channels[kind])
	if len(c.Args) == 3 {
		names = slices.DeleteFunc(names, func(name string) bool {
			return !glob.Match(c.Args[2], []byte(name), false)
		})
	}
	c.Out.Array(len(names))
	for _, name := range names {
		c.Out.BulkString(name)
	}
	return nil
}

func (c *Ctx) countSubscribers(kind channelKind) error {
	c.Out.Array(2 * (len(c.Args) - 2))
	for _, name := range c.Args[2:] {
		n := 0
		if ch := c.S.pubsub.channels[kind][string(name)]; ch != nil {
			n = len(ch.subs)
		}
		c.Out.Bulk(name)
		c.Out.Int(int64(n))
	}
	return nil
}

func pubsubNumpatCommand(c *Ctx) error {
	c.Out.Int(int64(len(c.S.pubsub.patterns)))
	return nil
}

func pubsubHelpCommand(c *Ctx) error { return c.help(pubsubHelp) }

const pubsubHelp = `
CHANNELS [<pattern>]
    Return the currently active channels matching a <pattern> (default: '*').
NUMPAT
    Return number of subscriptions to patterns.
NUMSUB [<channel> ...]
    Return the number of subscribers for the specified channels, excluding
    pattern subscriptions(default: no channels).
SHARDCHANNELS [<pattern>]
    Return the currently active shard level channels matching a <pattern> (default: '*').
SHARDNUMSUB [<shardchannel> ...]
    Return the number of subscribers for the specified shard level channel(s)
`

// pingSubscribed answers PING as a message, in subscribe mode.
func (c *Ctx) pingSubscribed() {
	c.Out.Array(2)
	c.Out.BulkString("pong")
	c.Out.Bulk(bytes.Join(c.Args[1:], nil))
}
