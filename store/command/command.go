// Package command holds the commands: the table with one literal per command next to its
// handler, the executor that runs them as a list of named stages, and the clients
// they run for.
//
//	client.go    a connection's commands in, its replies out, back-pressure
//	execute.go   the stages: look up, arity, admission, run, propagate, account
//	effects.go   what a write reports: Changed, Propagate
//	<group>*.go  one table and its handlers
//
// A handler works in three parts, in this order: it parses all arguments, touches the data, replies.
// What it returns as an error is written to the client by the executor; it must not have
// written a reply or changed data before that.
package command

// Command is one entry of the table.
type Command struct {
	Name  string // lower case; without the container's name for a subcommand
	Arity int    // arguments with the name; negative: at least so many
	Flags Flags
	Keys  []KeySpec
	Group string // as COMMAND DOCS names it: "string", "sorted-set", ...
	Since string
	// Categories are the ACL categories beyond those that follow from the flags.
	Categories Categories
	Complexity string
	Tips       []string
	History    []Change
	// Syntax is the argument list in the notation of syntax.go.
	Syntax          string
	Summary         string
	Deprecated      bool
	DeprecatedSince string
	ReplacedBy      string
	Subs            []*Command
	Run             func(c *Ctx) error
	// FindKeys appends the positions of keys that the specs cannot express, as for SORT ... STORE. It is nil for most.
	FindKeys func(keys []KeyAt, args [][]byte) ([]KeyAt, bool)
	// Channels tells which arguments are channels that the user must be allowed to use.
	Channels ChannelUse

	full   string   // "config|get"
	called string   // what clients call it: Name, unless rename-command says otherwise
	parent *Command // of a subcommand
	gates  gate     // admission checks that concern this command
	id     int      // of the command for package acl
	stats  CallStats
}

// FullName returns the name as redis prints it: "get", "config|set".
func (c *Command) FullName() string { return c.full }

// Change is one line of a command's history.
type Change struct{ Since, Text string }

// Flags are the command flags of COMMAND INFO.
type Flags uint32

const (
	Write Flags = 1 << iota
	ReadOnly
	DenyOOM
	Admin
	PubSub
	NoScript
	Blocking
	Loading
	Stale
	SkipMonitor
	SkipSlowlog
	Asking
	Fast
	NoAuth
	NoAsyncLoading
	NoMulti
	AllowBusy
	NoMandatoryKeys
	Protected
	Sentinel
	OnlySentinel

	// Flags of our own, which COMMAND INFO does not show.
	Immediate       // runs inside MULTI instead of waiting for EXEC
	RunsQueue       // EXEC: it is judged by the commands it will run
	WhileSubscribed // a RESP2 client with subscriptions may send it
	RunsScripts     // EVAL and its like
	MayReplicate    // not a write, but may have effects that outlive it
	TellsHealth     // refused like a write while the log cannot be written: whoever watches the server asks with it
)

// flagNames are in the order in which COMMAND INFO lists them.
var flagNames = []struct {
	flag Flags
	name string
}{
	{Write, "write"}, {ReadOnly, "readonly"}, {DenyOOM, "denyoom"}, {Admin, "admin"}, {PubSub, "pubsub"},
	{NoScript, "noscript"}, {Blocking, "blocking"}, {Loading, "loading"}, {Stale, "stale"},
	{SkipMonitor, "skip_monitor"}, {SkipSlowlog, "skip_slowlog"}, {Asking, "asking"}, {Fast, "fast"},
	{NoAuth, "no_auth"}, {NoAsyncLoading, "no_async_loading"}, {NoMulti, "no_multi"},
	{AllowBusy, "allow_busy"}, {NoMandatoryKeys, "no_mandatory_keys"}, {Protected, "protected"},
	{Sentinel, "sentinel"}, {OnlySentinel, "only_sentinel"},
}

// Categories are ACL categories.
type Categories uint32

const (
	CatKeyspace Categories = 1 << iota
	CatRead
	CatWrite
	CatSet
	CatSortedSet
	CatList
	CatHash
	CatString
	CatBitmap
	CatHyperLogLog
	CatGeo
	CatStream
	CatPubSub
	CatAdmin
	CatFast
	CatSlow
	CatBlocking
	CatDangerous
	CatConnection
	CatTransaction
	CatScripting
)

// categoryNames are in the order in which ACL CAT and COMMAND INFO list them.
var categoryNames = []string{
	"keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap", "hyperloglog", "geo", "stream",
	"pubsub", "admin", "fast", "slow", "blocking", "dangerous", "connection", "transaction", "scripting",
}

// AllCategories returns a command's categories, with those that follow from its flags.
func (c *Command) AllCategories() Categories {
	cats := c.Categories
	f := c.Flags
	if f&Write != 0 {
		cats |= CatWrite
	}
	if f&ReadOnly != 0 && cats&CatScripting == 0 {
		cats |= CatRead
	}
	if f&Admin != 0 {
		cats |= CatAdmin | CatDangerous
	}
	if f&PubSub != 0 {
		cats |= CatPubSub
	}
	if f&Blocking != 0 {
		cats |= CatBlocking
	}
	if f&Fast != 0 {
		return cats | CatFast
	}
	return cats | CatSlow
}

// container reports whether the command only holds subcommands.
func (c *Command) container() bool { return c.Subs != nil }
