package hostile

import (
	"fmt"
	"strconv"
	"strings"
)

// An act adds commands to what a villain sends next. Acts meet on few keys, so
// that they disturb each other; what they store stays small.

type act struct {
	weight int
	run    func(v *villain)
}

var acts = []act{
	{30, (*villain).write}, {8, (*villain).remove}, {10, (*villain).read}, {12, (*villain).block}, {6, (*villain).subscribe},
	{8, (*villain).publish}, {8, (*villain).transact}, {6, (*villain).track}, {8, (*villain).script}, {5, (*villain).client},
	{2, (*villain).connection}, {1, (*villain).server}, {1, (*villain).junk},
}

var actWeights = func() (sum int) {
	for _, a := range acts {
		sum += a.weight
	}
	return sum
}()

func (v *villain) act() {
	n := v.rng.IntN(actWeights)
	for _, a := range acts {
		if n -= a.weight; n < 0 {
			a.run(v)
			return
		}
	}
}

// one sends one of some lines, in which words are replaced: see word.
func (v *villain) one(lines ...string) {
	words := strings.Fields(lines[v.rng.IntN(len(lines))])
	for i, w := range words {
		words[i] = v.word(w)
	}
	v.add(words...)
}

// word replaces: <s> <l> <h> <set> <z> <x> a key of that type, most of the
// time; <k> any key; <n> a small number; <id> a client; <ch> a channel; <t> a
// short timeout in seconds, 0 now and then; <ms> one in milliseconds; <v> and
// <big> a value.
func (v *villain) word(w string) string {
	if len(w) < 3 || w[0] != '<' {
		return w
	}
	switch w {
	case "<k>":
		types := []string{"s", "l", "h", "set", "z", "x"}
		return fmt.Sprint(types[v.rng.IntN(len(types))], v.rng.IntN(4))
	case "<n>":
		return strconv.Itoa(v.rng.IntN(200))
	case "<id>":
		// Not those who watch over it all, who were first.
		made := max(v.r.made(), 1)
		return strconv.FormatInt(100+v.rng.Int64N(made), 10)
	case "<ch>":
		return fmt.Sprint("ch", v.rng.IntN(6))
	case "<t>":
		return []string{"0", "0.01", "0.05", "0.2", "1", "10"}[v.rng.IntN(6)]
	case "<ms>":
		return []string{"0", "1", "10", "100", "1000"}[v.rng.IntN(5)]
	case "<v>":
		return fmt.Sprint("v", v.rng.IntN(1000))
	case "<big>":
		return strings.Repeat("b", 1<<v.rng.IntN(17))
	}
	if v.rng.IntN(50) == 0 {
		return v.word("<k>") // of a wrong type perhaps
	}
	return fmt.Sprint(w[1:len(w)-1], v.rng.IntN(4))
}

func (v *villain) write() {
	v.one("SET <s> <v>", "SET <s> <big>", "SET <s> <v> PX 20", "SETEX <s> 5000 <v>", "INCR <s>", "APPEND <s> <v>", "SETRANGE <s> <n> <big>",
		"SETBIT <s> <n> 1", "PFADD <s> <v>", "GETEX <s> PX 10", "MSET <s> <v> <s> <v>",
		"LPUSH <l> <v> <v> <v>", "RPUSH <l> <big>", "LPOP <l> 5", "LMOVE <l> <l> LEFT RIGHT", "LTRIM <l> 0 300", "LSET <l> 0 <v>", "LINSERT <l> BEFORE <v> <v>",
		"HSET <h> <v> <v> <v> <big>", "HINCRBY <h> n 1", "HDEL <h> <v> <v>", "SADD <set> <v> <n> <n>", "SPOP <set> 3", "SMOVE <set> <set> <n>",
		"SUNIONSTORE <set> <set> <set>", "ZADD <z> <n> <v> <n> <v>", "ZINCRBY <z> 1.5 <v>", "ZPOPMIN <z> 3", "ZRANGESTORE <z> <z> 0 10", "GEOADD <z> 13 38 <v>",
		"XADD <x> MAXLEN ~ 200 * f <v>", "XADD <x> * f <big>", "XTRIM <x> MAXLEN 50", "XGROUP CREATE <x> g $ MKSTREAM", "XDEL <x> <n>-1",
		"XREADGROUP GROUP g <v> COUNT 5 STREAMS <x> >", "XAUTOCLAIM <x> g me 0 0 COUNT 10", "XACK <x> g <n>-0",
		"PEXPIRE <k> 15", "EXPIRE <k> 5000", "PERSIST <k>", "RENAME <k> <k>", "COPY <k> <k> REPLACE", "MOVE <k> 1", "SORT <l> ALPHA STORE <l>")
}

func (v *villain) remove() {
	v.one("DEL <k> <k>", "UNLINK <k>", "DEL <l>", "DEL <x>", "UNLINK <h>", "DEL <s> <z>", "LTRIM <l> 1 0", "GETDEL <s>")
	if v.rng.IntN(60) == 0 {
		v.one("FLUSHDB", "FLUSHALL ASYNC", "SWAPDB 0 1", "FLUSHALL SYNC")
	}
}

func (v *villain) read() {
	v.one("GET <s>", "MGET <s> <s> <k>", "LRANGE <l> 0 -1", "HGETALL <h>", "SMEMBERS <set>", "ZRANGE <z> 0 -1 WITHSCORES", "XRANGE <x> - +", "KEYS *",
		"SCAN 0 COUNT 1000", "TTL <k>", "TYPE <k>", "OBJECT ENCODING <k>", "DUMP <k>", "SORT <l> ALPHA", "DBSIZE", "INFO", "STRLEN <s>", "XINFO STREAM <x> FULL",
		"MEMORY USAGE <k>", "RANDOMKEY", "EXISTS <k> <k>", "TOUCH <k>", "XPENDING <x> g", "DEBUG OBJECT <k>")
}

func (v *villain) block() {
	v.one("BLPOP <l> <l> <t>", "BRPOP <l> <t>", "BLMOVE <l> <l> LEFT LEFT <t>", "BRPOPLPUSH <l> <l> <t>", "BLMPOP <t> 2 <l> <l> LEFT COUNT 3",
		"BZPOPMIN <z> <z> <t>", "BZPOPMAX <z> <t>", "BZMPOP <t> 2 <z> <z> MIN", "XREAD BLOCK <ms> STREAMS <x> <x> $ $",
		"XREADGROUP GROUP g <v> BLOCK <ms> STREAMS <x> >", "WAIT 1 <ms>", "BLPOP <k> <t>")
}

func (v *villain) subscribe() {
	v.one("SUBSCRIBE <ch> <ch>", "PSUBSCRIBE ch* c?1", "SSUBSCRIBE <ch>", "SUBSCRIBE __keyevent@0__:set", "PSUBSCRIBE __key*", "UNSUBSCRIBE", "PUNSUBSCRIBE",
		"SUNSUBSCRIBE", "UNSUBSCRIBE <ch>", "PUBSUB CHANNELS", "PUBSUB NUMSUB <ch>")
}

func (v *villain) publish() {
	v.one("PUBLISH <ch> <v>", "PUBLISH <ch> <big>", "SPUBLISH <ch> <big>")
}

func (v *villain) transact() {
	if v.rng.IntN(2) == 0 {
		v.one("WATCH <k> <k>", "WATCH <s>", "UNWATCH")
	}
	if v.rng.IntN(2) == 0 {
		v.add("MULTI")
		for range v.rng.IntN(6) {
			inBlocks[v.rng.IntN(len(inBlocks))](v)
		}
		v.one("EXEC", "EXEC", "EXEC", "DISCARD", "PING")
	}
}

// inBlocks are the acts of a MULTI block.
var inBlocks = []func(*villain){(*villain).write, (*villain).write, (*villain).read, (*villain).block, (*villain).publish, (*villain).script}

func (v *villain) track() {
	v.one("CLIENT TRACKING ON", "CLIENT TRACKING ON NOLOOP", "CLIENT TRACKING ON BCAST PREFIX s PREFIX l", "CLIENT TRACKING ON BCAST", "CLIENT TRACKING ON OPTIN",
		"CLIENT TRACKING ON REDIRECT <id>", "CLIENT TRACKING OFF", "CLIENT CACHING YES", "CLIENT TRACKINGINFO", "CLIENT GETREDIR")
	v.one("GET <s>", "HGETALL <h>", "MGET <s> <s>")
}

var scripts = []string{
	"return redis.call('incr', KEYS[1])",
	"redis.call('lpush', KEYS[2], ARGV[1]); redis.call('publish', 'ch1', ARGV[1]); return redis.call('llen', KEYS[2])",
	"local t = {}; for i = 1, 2000 do t[i] = string.rep('x', i % 100) end; return #table.concat(t)",
	"for i = 1, 50 do redis.call('sadd', KEYS[2], i) end; return redis.call('smembers', KEYS[2])",
	"return redis.pcall('hset', KEYS[1], 'f', 'v')",
	"error('on purpose')",
	"return redis.call('nosuch')",
	"redis.call('set', KEYS[1], 'x', 'px', 5); return redis.status_reply('FINE')",
	"local s = 0; for i = 1, 300000 do s = s + i end; return s",
	"while true do end", // till somebody kills it
}

func (v *villain) script() {
	script := scripts[v.rng.IntN(len(scripts)-1)]
	switch v.rng.IntN(400) {
	case 0:
		script = scripts[len(scripts)-1]
	case 1, 2, 3:
		v.one("SCRIPT FLUSH", "SCRIPT KILL", "SCRIPT EXISTS abc", "EVALSHA 0123456789012345678901234567890123456789 0")
		return
	case 4, 5, 6, 7:
		script += " -- " + strconv.FormatUint(v.rng.Uint64(), 36) // one that nobody has sent before
	}
	v.add("EVAL", script, "2", v.word("<s>"), v.word("<k>"), v.word("<v>"))
}

func (v *villain) client() {
	v.one("CLIENT KILL ID <id>", "CLIENT UNBLOCK <id>", "CLIENT UNBLOCK <id> ERROR", "CLIENT LIST", "CLIENT INFO", "CLIENT SETNAME <v>", "CLIENT NO-EVICT ON",
		"CLIENT REPLY SKIP", "CLIENT REPLY OFF", "CLIENT REPLY ON", "CLIENT ID", "CLIENT KILL ID <id>", "CLIENT KILL ID <id>")
}

func (v *villain) connection() {
	v.one("MONITOR", "RESET", "SELECT 1", "SELECT 2", "HELLO 2", "HELLO 3", "AUTH wrong", "PING", "ECHO <big>")
}

func (v *villain) server() {
	v.one("BGREWRITEAOF", "CLIENT PAUSE 20", "CLIENT PAUSE 50 WRITE", "CLIENT UNPAUSE", "CLIENT KILL TYPE pubsub", "MEMORY DOCTOR", "SLOWLOG GET", "COMMAND",
		"DEBUG CHANGE-REPL-ID", "CONFIG GET *", "LATENCY DOCTOR", "MEMORY PURGE")
}

func (v *villain) junk() {
	n := v.rng.IntN(100)
	for range n {
		v.buf = append(v.buf, byte(v.rng.Uint32()))
	}
	if v.rng.IntN(2) == 0 {
		v.buf = append(v.buf, "*3\r\n$3\r\nSET\r\n$99999999999\r\n"...)
	}
}

func appendCommand(dst []byte, args []string) []byte {
	dst = fmt.Appendf(dst, "*%d\r\n", len(args))
	for _, a := range args {
		dst = fmt.Appendf(dst, "$%d\r\n%s\r\n", len(a), a)
	}
	return dst
}
