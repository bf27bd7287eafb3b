package command

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"time"

	"spindle/aof"
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
	args int    // least number of arguments behind the name
	most int    // -1: any number
	run  func(c *Ctx) error
	help string // as HELP shows it: the syntax, then indented lines; empty for what does not apply
}

// debugSubcommands are all that there are, in the order of HELP.
func debugSubcommands() []debugSubcommand {
	return slices.Concat(debugLogSubcommands, debugServerSubcommands, debugValueSubcommands, debugProcessSubcommands, debugInvariants(), debugForeign())
}

// debugForeign are Redis's subcommands about what Spindle does not have. They say so.
func debugForeign() []debugSubcommand {
	var list []debugSubcommand
	for _, name := range []string{"CLUSTERLINK", "DICT-RESIZING", "DROP-CLUSTER-PACKET-FILTER", "MALLCTL", "MALLCTL-STR",
		"QUICKLIST-PACKED-THRESHOLD", "REPLICATE", "STRUCTSIZE"} {
		list = append(list, debugSubcommand{name, 0, -1, func(*Ctx) error { return resp.ErrDebugForeign(name) }, ""})
	}
	return list
}

func debugCommand(c *Ctx) error {
	if !c.S.Config.EnableDebugCommand.Allows(c.C.local()) {
		return resp.ErrNotEnabled("DEBUG", "enable-debug-command")
	}
	n := len(c.Args) - 2
	if n == 0 && isToken(c.Args[1], "HELP") {
		return debugHelp(c)
	}
	for _, sub := range debugSubcommands() {
		if isToken(c.Args[1], sub.name) && n >= sub.args && (n <= sub.most || sub.most < 0) {
			return sub.run(c)
		}
	}
	return resp.ErrSubcommandSyntax([]byte("debug"), c.Args[1])
}

// debugHelp shows exactly what there is.
func debugHelp(c *Ctx) error {
	text := ""
	for _, sub := range debugSubcommands() {
		if sub.help != "" {
			text += sub.help + "\n"
		}
	}
	return c.help(text)
}

var debugLogSubcommands = []debugSubcommand{
	{"AOF-FLUSH-SLEEP", 1, 1, debugFlushSleep, `AOF-FLUSH-SLEEP <microsec>
    The append only file's writer sleeps before each write; 0 ends that.`},
	{"LOADAOF", 0, 0, debugLoadAOF, `LOADAOF
    Flush the AOF buffers on disk and reload the AOF in memory.`},
	{"RELOAD", 0, -1, debugReload, `RELOAD
    Take all data through its RDB form, in memory, and back.`},
	{"SET-SKIP-CHECKSUM-VALIDATION", 1, 1, debugSkipChecksum, `SET-SKIP-CHECKSUM-VALIDATION <0|1>
    Enables or disables checksum checks for RDB files and RESTORE's payload.`},
}

var debugServerSubcommands = []debugSubcommand{
	{"CHANGE-REPL-ID", 0, 0, debugChangeReplID, `CHANGE-REPL-ID
    Change the replication IDs of the instance.`},
	{"CLIENT-EVICTION", 0, 0, debugClientEviction, `CLIENT-EVICTION
    Show how many clients there are of which size (maxmemory-clients).`},
	{"CONFIG-REWRITE-FORCE-ALL", 0, 0, debugConfigRewrite, `CONFIG-REWRITE-FORCE-ALL
    Like CONFIG REWRITE but writes all configuration options, including
    keywords not listed in original configuration file or default values.`},
	{"ERROR", 1, 1, debugError, `ERROR <string>
    Return a Redis protocol error with <string> as message. Useful for clients
    unit tests to simulate Redis errors.`},
	{"HTSTATS", 1, 1, debugHtstats, `HTSTATS <dbid>
    Return statistics of the index of the specified database.`},
	{"LEAK", 1, 1, debugLeak, `LEAK <string>
    Create a memory leak of the input string.`},
	{"LOG", 1, 1, debugLog, `LOG <message>
    Write <message> to the server log.`},
	{"PAUSE-CRON", 1, 1, debugPauseCron, `PAUSE-CRON <0|1>
    Stop periodic cron job processing.`},
	{"POPULATE", 1, 3, debugPopulate, `POPULATE <count> [<prefix>] [<size>]
    Create <count> string keys named key:<num>. If <prefix> is specified then
    it is used instead of the 'key' prefix. They are not logged.`},
	{"PROTOCOL", 1, 1, debugProtocol, `PROTOCOL <type>
    Reply with a test value of the specified type. <type> can be: string,
    integer, double, bignum, null, array, set, map, attrib, push, verbatim,
    true, false.`},
	{"REPLYBUFFER", 2, 2, debugReplybuffer, `REPLYBUFFER PEAK-RESET-TIME <NEVER||RESET|time>
    Sets for how many milliseconds a spare reply buffer must not have been
    needed to be freed. NEVER keeps them all, RESET restores the default.
REPLYBUFFER RESIZING <0|1>
    Disable or enable the cron job that frees spare reply buffers.`},
	{"SET-ACTIVE-EXPIRE", 1, 1, debugSetActiveExpire, `SET-ACTIVE-EXPIRE <0|1>
    Setting it to 0 disables expiring keys in background when they are not
    accessed (otherwise the Redis behavior). Setting it to 1 reenables back the
    default.`},
	{"SET-DISABLE-DENY-SCRIPTS", 1, 1, debugDenyScripts, `SET-DISABLE-DENY-SCRIPTS <0|1>
    Allow scripts to call commands that are not for scripts.`},
	{"SLEEP", 1, 1, debugSleep, `SLEEP <seconds>
    Stop the server for <seconds>. Decimals allowed.`},
	{"STRINGMATCH-TEST", 0, 0, debugStringmatch, `STRINGMATCH-TEST
    Run a fuzz tester against the matcher of patterns.`},
}

// debugFlag replies OK to a subcommand that sets a flag: what is not a number counts as 0.
func (c *Ctx) debugFlag() bool {
	n, _ := resp.ParseInt(c.Args[2])
	c.Out.OK()
	return n != 0
}

func debugDenyScripts(c *Ctx) error {
	c.S.scriptsMayAll = c.debugFlag()
	return nil
}

func debugSkipChecksum(c *Ctx) error {
	c.S.skipChecksum = c.debugFlag()
	return nil
}

// debugFlushSleep slows the log's writer down, now and when the log is switched on later.
func debugFlushSleep(c *Ctx) error {
	n, _ := resp.ParseInt(c.Args[2])
	c.S.logDelay = time.Duration(min(max(n, 0), flushSleepMax)) * time.Microsecond
	if c.S.Log != nil {
		c.S.Log.SetWriteDelay(c.S.logDelay)
	}
	c.Out.OK()
	return nil
}

// flushSleepMax is a minute, in microseconds.
const flushSleepMax = 60e6

func debugLeak(c *Ctx) error {
	c.S.leaked = append(c.S.leaked, bytes.Clone(c.Args[2]))
	c.Out.OK()
	return nil
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

// debugError answers with the error given.
func debugError(c *Ctx) error { return resp.Error(c.Args[2]) }

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
	s.functions = functions{}
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

func debugPauseCron(c *Ctx) error {
	c.S.cron.paused = c.debugFlag()
	return nil
}

func debugSetActiveExpire(c *Ctx) error {
	c.S.cron.expireOn = c.debugFlag()
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
