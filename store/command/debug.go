package command

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"spindle/aof"
	"spindle/aof/rdb"
	"spindle/resp"
	"spindle/store"
	"spindle/store/glob"
)

// DEBUG, for tests and for looking inside. enable-debug-command says who may use it.

var debugCommands = []*Command{
	{Name: "debug", Arity: -2, Flags: Admin | NoScript | Loading | Stale, Group: "server", Since: "1.0.0",
		Complexity: "Depends on subcommand.", Deprecated: true, Summary: "A container for debugging commands",
		Run: debugCommand},
}

// debugSubcommand is one of DEBUG's, which are not part of the table, as in Redis.
type debugSubcommand struct {
	name string // in upper case
	args int    // least number behind the name
	more bool   // there may be more
	run  func(c *Ctx) error
}

func debugSubcommands() []debugSubcommand {
	return []debugSubcommand{
		{"HELP", 0, false, func(c *Ctx) error { return c.help(debugHelp) }},
		{"CHANGE-REPL-ID", 0, false, debugChangeReplID},
		{"CONFIG-REWRITE-FORCE-ALL", 0, false, debugConfigRewrite},
		{"DIGEST", 0, false, debugDigest},
		{"DIGEST-VALUE", 0, true, debugDigestValue},
		{"ERROR", 1, false, debugError},
		{"HTSTATS", 1, false, debugHtstats},
		{"LOADAOF", 0, false, debugLoadAOF},
		{"LOG", 1, false, debugLog},
		{"OBJECT", 1, true, debugObject},
		{"PAUSE-CRON", 1, false, debugPauseCron},
		{"POPULATE", 1, true, debugPopulate},
		{"PROTOCOL", 1, false, debugProtocol},
		{"RELOAD", 0, true, debugReload},
		{"SET-ACTIVE-EXPIRE", 1, false, debugSetActiveExpire},
		{"SLEEP", 1, false, debugSleep},
		{"STRINGMATCH-TEST", 0, false, debugStringmatch},
	}
}

func debugCommand(c *Ctx) error {
	if !c.S.Config.EnableDebugCommand.Allows(c.C.local()) {
		return resp.ErrNotEnabled("DEBUG", "enable-debug-command")
	}
	n := len(c.Args) - 2
	for _, sub := range debugSubcommands() {
		if isToken(c.Args[1], sub.name) && (n == sub.args || sub.more && n > sub.args) {
			return sub.run(c)
		}
	}
	return resp.ErrSubcommandSyntax([]byte("debug"), c.Args[1])
}

func debugChangeReplID(c *Ctx) error {
	c.S.logf(aof.Notice, "Changing replication IDs after receiving change-repl-id")
	c.S.replID = hexID(c.S.env.Rand)
	c.Out.OK()
	return nil
}

func debugConfigRewrite(c *Ctx) error {
	if err := c.S.Config.RewriteAll(); err != nil {
		return err
	}
	c.Out.OK()
	return nil
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

// debugError answers with the error given.
func debugError(c *Ctx) error { return resp.Error(strings.TrimPrefix(string(c.Args[2]), "-")) }

// debugHtstats describes the index of a database.
func debugHtstats(c *Ctx) error {
	n, err := c.Int(2)
	if err != nil {
		return err
	}
	if n < 0 || n >= int64(len(c.S.Store.DBs)) {
		return resp.ErrDebugDB
	}
	c.Out.Verbatim("txt", fmt.Sprintf("[Index]\n%+v\n", c.S.Store.DBs[n].IndexStats()))
	return nil
}

// debugLoadAOF empties the databases and loads the log again, as after a start.
func debugLoadAOF(c *Ctx) error {
	s := c.S
	log := s.Log
	if log == nil {
		return errNoLog // or all data would be gone
	}
	if err := log.Flush(flushTimeout); err != nil {
		return err
	}
	s.flush(c.C, s.Store.DBs)
	s.Log = nil // what is loaded is in the log already
	s.setLoading(true)
	err := s.loadLog(nil, func() {})
	s.setLoading(false)
	s.Log = log
	if err != nil {
		return err
	}
	s.logf(aof.Warning, "Append Only File loaded by DEBUG LOADAOF")
	c.Out.OK()
	return nil
}

func debugLog(c *Ctx) error {
	c.S.logf(aof.Warning, "DEBUG LOG: %s", c.Args[2])
	c.Out.OK()
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

func debugPauseCron(c *Ctx) error {
	n, _ := resp.ParseInt(c.Args[2])
	c.S.cron.paused = n != 0
	c.Out.OK()
	return nil
}

func debugSetActiveExpire(c *Ctx) error {
	n, _ := resp.ParseInt(c.Args[2])
	c.S.cron.expireOn = n != 0
	c.Out.OK()
	return nil
}

// debugSleep stops the server, which is its purpose.
func debugSleep(c *Ctx) error {
	seconds, _ := resp.ParseFloat(c.Args[2])
	time.Sleep(time.Duration(seconds * float64(time.Second)))
	c.Out.OK()
	return nil
}

// populateBytesMax bounds the values of DEBUG POPULATE.
const populateBytesMax = 512 << 20

// debugPopulate creates keys that do not exist yet: key:0 with value:0, and so on. They are not logged, as in Redis.
func debugPopulate(c *Ctx) error {
	if len(c.Args) > 5 {
		return resp.ErrSubcommandSyntax([]byte("debug"), c.Args[1])
	}
	count, err := c.positiveInt(2)
	if err != nil {
		return err
	}
	prefix, size := []byte("key"), int64(0)
	if len(c.Args) > 3 {
		prefix = c.Args[3]
	}
	if len(c.Args) > 4 {
		if size, err = c.positiveInt(4); err != nil {
			return err
		}
		if size > populateBytesMax {
			return resp.ErrOutOfRange
		}
	}
	for i := range count {
		c.populate(prefix, i, size)
	}
	c.DontPropagate()
	c.Out.OK()
	return nil
}

func (c *Ctx) populate(prefix []byte, i, size int64) {
	name := strconv.AppendInt(append(append([]byte(nil), prefix...), ':'), i, 10)
	k := c.DB.FindForWrite(name)
	if k.Exists() {
		return
	}
	value := strconv.AppendInt([]byte("value:"), i, 10)
	if size == 0 {
		size = int64(len(value))
	}
	enc := store.EmbStr
	if size > embStrMax {
		enc = store.Raw
	}
	into := k.Set(name, store.String, enc, int(size), 0)
	clear(into[copy(into, value):])
	c.Changed(ClassString, "set", name)
}

// positiveInt parses argument i as an integer that is not negative.
func (c *Ctx) positiveInt(i int) (int64, error) {
	n, err := c.Int(i)
	if err != nil || n < 0 {
		return 0, resp.ErrNotPositive
	}
	return n, nil
}

// debugProtocol answers with a value of each kind that the protocol has.
func debugProtocol(c *Ctx) error {
	w := c.Out
	three := func() {
		for i := range int64(3) {
			w.Int(i)
		}
	}
	switch strings.ToLower(string(c.Args[2])) {
	case "string":
		w.BulkString("Hello World")
	case "integer":
		w.Int(12345)
	case "double":
		w.Double(3.141)
	case "null":
		w.Null()
	case "array":
		w.Array(3)
		three()
	case "set":
		w.Set(3)
		three()
	case "map":
		w.Map(3)
		for i := range int64(3) {
			w.Int(i)
			w.Bool(i == 1)
		}
	case "attrib":
		if w.Attribute(1) {
			w.BulkString("key-popularity")
			w.Array(2)
			w.BulkString("key:123")
			w.Int(90)
		}
		w.BulkString("Some real reply following the attribute")
	case "push":
		if w.Proto < 3 {
			return resp.ErrNeedsRESP3
		}
		w.Push(2)
		w.BulkString("server-cpu-usage")
		w.Int(42)
		w.BulkString("Some real reply following the push reply")
	case "true":
		w.Bool(true)
	case "false":
		w.Bool(false)
	case "verbatim":
		w.Verbatim("txt", "This is a verbatim\nstring")
	case "bignum":
		w.BigNumber("1234567999999999999999999999999999999")
	default:
		return resp.ErrDebugProtocol
	}
	return nil
}

// debugStringmatch lets the matcher of patterns work on random input. What it looks for is a panic.
func debugStringmatch(c *Ctx) error {
	const rounds = 200_000
	const alphabet = "*?[]^-\\ab\x00\xff0"
	var pattern, text [32]byte
	random := c.S.Store.Rand
	fill := func(b []byte) []byte {
		for i := range b {
			b[i] = alphabet[random.IntN(len(alphabet))]
		}
		return b[:random.IntN(len(b)+1)]
	}
	for range rounds {
		glob.Match(fill(pattern[:]), fill(text[:]), false)
	}
	c.Out.Status("Apparently Redis did not crash: test passed")
	return nil
}
