package random

import (
	"fmt"
	"slices"
	"strings"

	"spindle/bench/compare/internal/pair"
)

// families are the templates by command group. Commands that choose at random
// stand here only in forms that leave both servers in the same state.
var families = map[string]string{
	"string": `
SET <skey> <val>
SET <skey> <val> {0 ( EX <ttl> | PX <pttl> | EXAT <at> | PXAT <pat> | NX | XX | GET | KEEPTTL ) }
SETNX <skey> <val>
SETEX <skey> <ttl> <val>
PSETEX <skey> <pttl> <val>
GET <skey>
GETSET <skey> <val>
GETDEL <skey>
GETEX <skey> {0 ( EX <ttl> | PX <pttl> | EXAT <at> | PXAT <pat> | PERSIST ) }
MGET { <key> }
MSET { <skey> <val> }
MSETNX { <skey> <val> }
APPEND <skey> <val>
STRLEN <skey>
INCR <skey>
DECR <skey>
INCRBY <skey> <int>
DECRBY <skey> <int>
INCRBYFLOAT <skey> <float>
SETRANGE <skey> <offset> <val>
GETRANGE <skey> <index> <index>
SUBSTR <skey> <index> <index>
LCS <skey> <skey> {0 ( LEN | IDX | MINMATCHLEN <int> | WITHMATCHLEN ) }
`,
	"hash": `
HSET <hkey> { <member> <val> }
HSET <hkey> <member> <int>
HMSET <hkey> { <member> <val> }
HSETNX <hkey> <member> <val>
HGET <hkey> <member>
HMGET <hkey> { <member> }
HDEL <hkey> { <member> }
HEXISTS <hkey> <member>
HLEN <hkey>
HSTRLEN <hkey> <member>
HINCRBY <hkey> <member> <int>
HINCRBYFLOAT <hkey> <member> <float>
HGETALL <hkey>
HKEYS <hkey>
HVALS <hkey>
HSCAN <hkey> 0 [ MATCH <glob> ]
HRANDFIELD <hkey>
HRANDFIELD <hkey> <index> [ WITHVALUES ]
@unordered HRANDFIELD <hkey> 1000
@deep HRANDFIELD <hkey> 1000 WITHVALUES
`,
	"generic": `
DEL { <key> }
UNLINK { <key> }
EXISTS { <key> }
TYPE <key>
TOUCH { <key> }
RENAME <key> <key>
RENAMENX <key> <key>
COPY <key> <key> {0 ( REPLACE | DB <db> ) }
MOVE <key> <db>
SELECT ( 0 | 0 | <db> )
KEYS <glob>
SCAN 0 {0 ( MATCH <glob> | TYPE <type> ) }
RANDOMKEY
OBJECT ENCODING <key>
@type OBJECT REFCOUNT <skey>
OBJECT IDLETIME <key>
OBJECT FREQ <key>
DBSIZE
SWAPDB <db> <db>
`,
	"expiry": `
EXPIRE <key> <ttl> {0 ( NX | XX | GT | LT ) }
PEXPIRE <key> <pttl> {0 ( NX | XX | GT | LT ) }
EXPIREAT <key> <at> {0 ( NX | XX | GT | LT ) }
PEXPIREAT <key> <pat> {0 ( NX | XX | GT | LT ) }
PERSIST <key>
TTL <key>
PTTL <key>
EXPIRETIME <key>
PEXPIRETIME <key>
PEXPIRE <key> <soon>
SET <skey> <val> PX <soon>
PSETEX <skey> <soon> <val>
GETEX <skey> PX <soon>
`,
	"list": `
LPUSH <lkey> { <member> }
RPUSH <lkey> { <val> }
RPUSH <lkey> { <member> }
LPUSHX <lkey> { <val> }
RPUSHX <lkey> { <val> }
LPOP <lkey> [ <count> ]
RPOP <lkey> [ <count> ]
LLEN <lkey>
LINDEX <lkey> <index>
LSET <lkey> <index> <val>
LRANGE <lkey> <index> <index>
LTRIM <lkey> <index> <index>
LREM <lkey> <index> <member>
LINSERT <lkey> ( BEFORE | AFTER | BEHIND ) <member> <val>
LPOS <lkey> <member> {0 ( RANK <index> | COUNT <count> | MAXLEN <count> ) }
LMOVE <lkey> <lkey> ( LEFT | RIGHT ) ( LEFT | RIGHT | UP )
RPOPLPUSH <lkey> <lkey>
LMPOP <lkeys> ( LEFT | RIGHT ) [ COUNT <count> ]
( BLPOP <lkey> 0.001 | BRPOP <lkey> <lkey> 0.001 | BLMOVE <lkey> <lkey> LEFT RIGHT 0.001 | BRPOPLPUSH <lkey> <lkey> 0.001 | BLMPOP 0.001 <lkeys> LEFT )
`,
	"set": `
SADD <setkey> { <member> }
SADD <setkey> { <int> }
SREM <setkey> { <member> }
SISMEMBER <setkey> <member>
SMISMEMBER <setkey> { <member> }
SCARD <setkey>
SMEMBERS <setkey>
SMOVE <setkey> <setkey> <member>
@unordered SPOP <setkey> 1000
SPOP <setkey> ( 0 | -1 | x )
SRANDMEMBER <setkey>
SRANDMEMBER <setkey> <index>
@unordered SRANDMEMBER <setkey> 1000
SINTER { <setkey> }
SUNION { <setkey> }
SDIFF { <setkey> }
SINTERSTORE <setkey> { <setkey> }
SUNIONSTORE <setkey> { <setkey> }
SDIFFSTORE <setkey> { <setkey> }
SINTERCARD <setkeys> [ LIMIT <count> ]
SSCAN <setkey> 0 [ MATCH <glob> ]
`,
	"zset": `
ZADD <zkey> {0 ( NX | XX | GT | LT | CH ) } { <float> <member> }
ZADD <zkey> { <float> <member> }
ZADD <lexkey> 0 <member> 0 <member> 0 <member>
ZREM <lexkey> { <member> }
ZADD <zkey> {0 ( NX | XX | GT | LT ) } INCR <float> <member>
ZINCRBY <zkey> <float> <member>
ZREM <zkey> { <member> }
ZCARD <zkey>
ZSCORE <zkey> <member>
ZMSCORE <zkey> { <member> }
ZRANK <zkey> <member>
ZREVRANK <zkey> <member>
ZCOUNT <zkey> <score> <score>
ZLEXCOUNT <lexkey> <lex> <lex>
ZRANGE <zkey> <index> <index> {0 ( WITHSCORES | REV ) }
ZRANGE <zkey> <score> <score> BYSCORE {0 ( WITHSCORES | REV | LIMIT <index> <index> ) }
ZRANGE <lexkey> <lex> <lex> BYLEX {0 ( WITHSCORES | REV | LIMIT <index> <index> ) }
ZREVRANGE <zkey> <index> <index> [ WITHSCORES ]
ZRANGEBYSCORE <zkey> <score> <score> {0 ( WITHSCORES | LIMIT <index> <index> ) }
ZREVRANGEBYSCORE <zkey> <score> <score> {0 ( WITHSCORES | LIMIT <index> <index> ) }
ZRANGEBYLEX <lexkey> <lex> <lex> [ LIMIT <index> <index> ]
ZREVRANGEBYLEX <lexkey> <lex> <lex> [ LIMIT <index> <index> ]
ZRANGESTORE <zkey> <zkey> <index> <index> [ REV ]
ZRANGESTORE <zkey> <zkey> <score> <score> BYSCORE {0 ( REV | LIMIT <index> <index> ) }
ZRANGESTORE <zkey> <lexkey> <lex> <lex> BYLEX {0 ( REV | LIMIT <index> <index> ) }
ZREMRANGEBYRANK <zkey> <index> <index>
ZREMRANGEBYSCORE <zkey> <score> <score>
ZREMRANGEBYLEX <lexkey> <lex> <lex>
ZPOPMIN <zkey> [ <count> ]
ZPOPMAX <zkey> [ <count> ]
ZMPOP <zkeys> ( MIN | MAX ) [ COUNT <count> ]
( BZPOPMIN <zkey> 0.001 | BZPOPMAX <zkey> <zkey> 0.001 | BZMPOP 0.001 <zkeys> MIN COUNT <count> )
ZUNION <zkeys> {0 ( <weights> | AGGREGATE ( SUM | MIN | MAX | AVG ) | WITHSCORES ) }
ZINTER <zkeys> {0 ( <weights> | AGGREGATE ( SUM | MIN | MAX ) | WITHSCORES ) }
ZDIFF <zkeys> [ WITHSCORES ]
ZUNIONSTORE <zkey> <zkeys> {0 ( <weights> | AGGREGATE ( SUM | MIN | MAX ) ) }
ZINTERSTORE <zkey> <zkeys> {0 ( <weights> | AGGREGATE ( SUM | MIN | MAX ) ) }
ZDIFFSTORE <zkey> <zkeys>
ZINTERCARD <zkeys> [ LIMIT <count> ]
ZSCAN <zkey> 0 [ MATCH <glob> ]
ZRANDMEMBER <zkey>
ZRANDMEMBER <zkey> <index> [ WITHSCORES ]
`,
	"stream": `
XADD <xkey> [ NOMKSTREAM ] <newid> { <member> <val> }
XADD <xkey> <newid> f <val>
XADD <xkey> <newid> f <val> g <val>
XADD <xkey> ( MAXLEN | MINID ) [ ( = | ~ ) ] <count> [ LIMIT <count> ] <newid> f <val>
XLEN <xkey>
XRANGE <xkey> <id> <id> [ COUNT <count> ]
XREVRANGE <xkey> <id> <id> [ COUNT <count> ]
XRANGE <xkey> - +
XREAD [ COUNT <count> ] STREAMS <xkey> <id>
XREAD [ COUNT <count> ] STREAMS <xkey> <xkey> <id> <id>
XDEL <xkey> { <id> }
XTRIM <xkey> ( MAXLEN | MINID ) [ ( = | ~ ) ] <count> [ LIMIT <count> ]
XSETID <xkey> <id> [ ENTRIESADDED <count> MAXDELETEDID <id> ]
XGROUP CREATE <xkey> <group> <id> {0 ( MKSTREAM | ENTRIESREAD <count> ) }
XGROUP SETID <xkey> <group> <id> [ ENTRIESREAD <count> ]
XGROUP DESTROY <xkey> <group>
XGROUP CREATECONSUMER <xkey> <group> <consumer>
XGROUP DELCONSUMER <xkey> <group> <consumer>
XREADGROUP GROUP <group> <consumer> {0 ( COUNT <count> | NOACK ) } STREAMS <xkey> ( > | > | > | <id> )
XACK <xkey> <group> { <id> }
XPENDING <xkey> <group>
XPENDING <xkey> <group> [ IDLE <count> ] <id> <id> <count> [ <consumer> ]
XPENDING <xkey> <group> - + 10
XCLAIM <xkey> <group> <consumer> 0 { <id> } {0 ( RETRYCOUNT <count> | FORCE | JUSTID | LASTID <id> ) }
XAUTOCLAIM <xkey> <group> <consumer> 0 <id> {0 ( COUNT <count> | JUSTID ) }
XINFO STREAM <xkey>
XINFO GROUPS <xkey>
XINFO CONSUMERS <xkey> <group>
XINFO STREAM <xkey> FULL
`,
	"bitmap": `
SETBIT <bkey> <offset> <bit>
GETBIT <bkey> <offset>
BITCOUNT <bkey>
BITCOUNT <bkey> <index> <index> [ ( BYTE | BIT | BITS ) ]
BITPOS <bkey> <bit>
BITPOS <bkey> <bit> <index> [ <index> [ ( BYTE | BIT ) ] ]
BITOP ( AND | OR | XOR ) <bkey> { <bkey> }
BITOP NOT <bkey> <bkey>
BITFIELD <bkey> {0 ( GET <bftype> <bfoffset> | SET <bftype> <bfoffset> <int> | INCRBY <bftype> <bfoffset> <int> | OVERFLOW ( WRAP | SAT | FAIL ) ) }
BITFIELD <bkey> INCRBY ( u8 | i8 | i5 | u63 | i64 ) <bfoffset> <int>
BITFIELD_RO <bkey> { GET <bftype> <bfoffset> }
SET <bkey> <val>
GET <bkey>
`,
	"hll": `
PFADD <pkey> {0 <member> }
PFADD <pkey> { <val> }
PFCOUNT { <pkey> }
PFMERGE <pkey> {0 <pkey> }
GET <pkey>
STRLEN <pkey>
PFADD <pkey> { <offset> <int> <float> }
`,
	"geo": `
GEOADD <gkey> {0 ( NX | XX | CH ) } { <lon> <lat> <member> }
GEOADD <gkey> <lon> <lat> <member>
GEOPOS <gkey> {0 <member> }
GEOHASH <gkey> {0 <member> }
GEODIST <gkey> <member> <member> [ <unit> ]
GEOSEARCH <gkey> ( FROMLONLAT <lon> <lat> | FROMMEMBER <member> ) ( BYRADIUS <radius> <unit> | BYBOX <radius> <radius> <unit> ) {0 ( ASC | DESC | COUNT <count> [ ANY ] | WITHCOORD | WITHDIST | WITHHASH ) }
GEOSEARCHSTORE <gkey> <gkey> ( FROMLONLAT <lon> <lat> | FROMMEMBER <member> ) ( BYRADIUS <radius> <unit> | BYBOX <radius> <radius> <unit> ) {0 ( ASC | DESC | COUNT <count> | STOREDIST ) }
GEORADIUS <gkey> <lon> <lat> <radius> <unit> {0 ( ASC | DESC | COUNT <count> | WITHCOORD | WITHDIST | WITHHASH | STORE <zkey> ) }
GEORADIUSBYMEMBER <gkey> <member> <radius> <unit> {0 ( ASC | DESC | COUNT <count> | WITHDIST | STOREDIST <zkey> ) }
GEORADIUS_RO <gkey> <lon> <lat> <radius> <unit>
ZRANGE <gkey> 0 -1 WITHSCORES
`,
	"sort": `
SORT <lkey> {0 ( BY <sortby> | LIMIT <index> <index> | GET <sortby> | ASC | DESC | ALPHA | STORE <lkey> ) }
SORT_RO <zkey> BY nosort {0 ( LIMIT <index> <index> | DESC ) }
SORT <setkey> ALPHA {0 ( LIMIT <index> <index> | DESC | STORE <lkey> ) }
SORT <zkey> ALPHA
`,
	"tx": `
MULTI
MULTI
EXEC
EXEC
EXEC
DISCARD
WATCH { <key> }
UNWATCH
`,
}

// Families returns the known names, sorted.
func Families() []string {
	var names []string
	for n := range families {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// parseFamilies returns the templates of the named families, but for those
// that use one of the lacking commands.
func parseFamilies(names, lacking []string) ([]template, error) {
	var out []template
	for _, name := range names {
		text, ok := families[name]
		if !ok {
			return nil, fmt.Errorf("no family %q; there are %s", name, strings.Join(Families(), ", "))
		}
		for line := range strings.Lines(strings.TrimSpace(text)) {
			lacks := func(c string) bool { return slices.Contains(lacking, c) }
			if !slices.ContainsFunc(commandsOf(line), lacks) {
				out = append(out, parse(line))
			}
		}
	}
	return out, nil
}

// commandsOf returns the commands of a template: the word in upper case that
// begins it or, if it is a choice, each alternative.
func commandsOf(line string) []string {
	var names []string
	first := true
	for w := range strings.FieldsSeq(line) {
		if first && isOption(w) {
			names = append(names, w)
		}
		first = first && (w == "(" || w[0] == '@') || w == "|" && line[0] == '('
	}
	return names
}

// Available splits the comma-separated list of families (all, if empty) into
// those of which the server under test has a command, and the commands of the
// families that it lacks.
func Available(p *pair.Pair, list string) (have, lacking []string, err error) {
	names := Families()
	if list != "" {
		names = strings.Split(list, ",")
	}
	for _, name := range names {
		if _, ok := families[name]; !ok {
			return nil, nil, fmt.Errorf("no family %q; there are %s", name, strings.Join(Families(), ", "))
		}
		var commands []string
		for line := range strings.Lines(strings.TrimSpace(families[name])) {
			commands = append(commands, commandsOf(line)...)
		}
		slices.Sort(commands)
		commands = slices.Compact(commands)
		missing, err := p.Missing(commands)
		if err != nil {
			return nil, nil, err
		}
		if len(missing) < len(commands) {
			have = append(have, name)
		}
		lacking = append(lacking, missing...)
	}
	return have, lacking, nil
}
