package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// The data of the section commands, and the commands that are measured on it.

var datasets = []dataset{
	{"sorted sets of 1,000 and 10,000 members", fillZsets, []cost{
		one("ZINTERSTORE d 2 z1k y1k"), one("ZINTERSTORE d 2 z10k y10k"), one("ZINTERSTORE d 2 z10k y10k WEIGHTS 2 3 AGGREGATE MAX"),
		one("ZUNIONSTORE d 2 z1k y1k"), one("ZUNIONSTORE d 2 z10k y10k"), one("ZDIFFSTORE d 2 z10k y10k"), one("ZDIFFSTORE d 2 z10k y1k"),
		one("ZINTERSTORE d 2 p1 p2"), one("ZUNIONSTORE d 2 p1 p2"),
		one("ZINTER 2 z10k y10k"), one("ZUNION 2 z10k y10k"), one("ZDIFF 2 z10k y10k"), one("ZINTERCARD 2 z10k y10k"),
		one("ZRANGE z10k 0 -1"), one("ZRANGE z10k 0 -1 WITHSCORES"), one("ZRANGE z10k 0 -1 REV"), one("ZRANGE z10k 5000 5099"),
		one("ZRANGEBYSCORE z10k -inf +inf"), one("ZRANGEBYSCORE z10k -inf +inf LIMIT 5000 100"), one("ZREVRANGEBYSCORE z10k +inf -inf"),
		one("ZRANGEBYLEX lex - +"), one("ZLEXCOUNT lex - +"), one("ZCOUNT z10k 1000 1000000000"),
		one("ZRANGESTORE d z10k 0 -1"), several("ZSCAN, the whole walk", "walk ZSCAN z10k %d COUNT 100"), one("ZRANGE p1 0 -1 WITHSCORES"),
	}},
	{"sets of 10,000 strings or integers, intsets of 500", fillSets, []cost{
		one("SUNION s1 s2"), one("SUNIONSTORE d s1 s2"), one("SINTER s1 s2"), one("SINTERSTORE d s1 s2"), one("SINTERCARD 2 s1 s2"),
		one("SDIFF s1 s2"), one("SDIFFSTORE d s1 s2"), one("SUNION n1 n2"), one("SUNIONSTORE d n1 n2"), one("SINTER n1 n2"), one("SDIFF n1 n2"),
		one("SUNION i1 i2"), one("SUNIONSTORE d i1 i2"), one("SINTER i1 i2"), one("SDIFF i1 i2"), one("SMEMBERS s1"), one("SMEMBERS i1"),
		several("SSCAN, the whole walk", "walk SSCAN s1 %d COUNT 100"), one("SRANDMEMBER s1 1000"), one("SRANDMEMBER s1 -1000"),
	}},
	{"SORT of 10,000 elements", fillSort, []cost{
		one("SORT numbers"), one("SORT numbers DESC"), one("SORT words ALPHA"), one("SORT numbers LIMIT 0 10"), one("SORT words ALPHA LIMIT 100 10"),
		one("SORT numbers BY w_*"), one("SORT numbers BY w_* GET # GET d_*"), one("SORT numbers BY nosort GET d_*"), one("SORT numbers BY h_*->w LIMIT 0 10"),
		one("SORT numbers STORE d"), one("SORT set"), one("SORT zset BY nosort LIMIT 5000 100"),
	}},
	{"bitmaps of 1 MB", fillBits, []cost{
		one("BITCOUNT a"), one("BITCOUNT a 1001 900000"), one("BITCOUNT a 1001 7000001 BIT"), one("BITPOS zeros 1"), one("BITPOS ones 0"), one("BITPOS zeros 1 3 7999999 BIT"),
		one("BITOP AND d a b"), one("BITOP OR d a b"), one("BITOP XOR d a b"), one("BITOP NOT d a"), one("BITOP AND d a b a b"), one("BITOP OR d a short"),
		one("GETRANGE a 0 -1"), one("GETRANGE a 500000 500999"), several("SETRANGE of 100 KB in the middle", "SETRANGE a 500000 "+strings.Repeat("x", 100_000)),
		one("BITFIELD a GET u32 1000003 SET u8 77 200"), one("STRLEN a"),
	}},
	{"LCS of 2,000 bytes", fillLCS, []cost{one("LCS x y"), one("LCS x y LEN"), one("LCS x y IDX MINMATCHLEN 4")}},
	{"HyperLogLogs of 100,000 elements (dense) and 300 (sparse)", fillHLL, []cost{
		several("PFCOUNT of one, cache cleared", "SETRANGE h1 15 \x80", "PFCOUNT h1"), one("PFCOUNT h1"), one("PFCOUNT h1 h2"), one("PFCOUNT h1 h2 h3"),
		one("PFMERGE d h1 h2"), one("PFMERGE d s1 s2"), one("PFCOUNT s1 s2"), several("PFADD of 3, dense", "PFADD h1 a b c"),
	}},
	{"geo: 100,000 points", fillGeo, []cost{
		one("GEOSEARCH g FROMLONLAT 5 45 BYRADIUS 20 km"), one("GEOSEARCH g FROMLONLAT 5 45 BYRADIUS 500 km"), one("GEOSEARCH g FROMLONLAT 5 45 BYRADIUS 5000 km ASC"),
		one("GEOSEARCH g FROMLONLAT 5 45 BYRADIUS 500 km WITHDIST WITHCOORD ASC"), one("GEOSEARCH g FROMLONLAT 5 45 BYRADIUS 500 km COUNT 10 ASC"),
		one("GEOSEARCH g FROMLONLAT 5 45 BYRADIUS 500 km COUNT 10 ANY"),
		one("GEOSEARCH g FROMLONLAT 5 45 BYBOX 20 20 km"), one("GEOSEARCH g FROMLONLAT 5 45 BYBOX 800 800 km"), one("GEORADIUS g 5 45 500 km"),
		one("GEOSEARCHSTORE d g FROMLONLAT 5 45 BYRADIUS 500 km"), one("GEORADIUSBYMEMBER g p77 200 km WITHDIST"),
	}},
	{"a list of 100,000 elements", fillLongList, []cost{
		one("LRANGE l 0 -1"), one("LRANGE l 50000 50099"), one("LINDEX l 50000"), one("LPOS l e50000"), one("LPOS l nothing"), one("LPOS l e50000 RANK -1"),
		several("LINSERT and LREM in the middle", "LINSERT l BEFORE e50000 new", "LREM l 1 new"), one("LREM l 0 nothing"), one("LSET l 50000 e50000"),
		several("LPUSH and LTRIM of 100", "LPUSH l "+strings.Repeat("x ", 100), "LTRIM l 100 -1"),
	}},
	{"hashes of 10,000 and 100 fields", fillHashes, []cost{
		one("HGETALL h"), one("HKEYS h"), one("HVALS h"), several("HSCAN, the whole walk", "walk HSCAN h %d COUNT 100"), one("HGETALL p"), one("HRANDFIELD h 1000 WITHVALUES"),
		several("HSET over the threshold (listpack to hashtable), then DEL", "COPY p q", "HSET q long "+strings.Repeat("v", 100), "DEL q"),
		several("SADD over the threshold (intset to hashtable), then DEL", "COPY i j", "SADD j word", "DEL j"),
		several("ZADD over the threshold (listpack to skiplist), then DEL", "COPY z y", "ZADD y 1 "+strings.Repeat("m", 100), "DEL y"),
	}},
	{"a stream of 10,000 entries", fillStream, []cost{
		one("XRANGE x - +"), one("XREVRANGE x + -"), one("XRANGE x 5000 + COUNT 100"), one("XREAD COUNT 10000 STREAMS x 0"), one("XREAD COUNT 10 STREAMS x 5000-0"),
		one("XREADGROUP GROUP g c COUNT 10000 STREAMS x 0"), one("XPENDING x g - + 1000"), one("XLEN x"),
	}},
	{"values of 10,000 elements", fillValues, []cost{
		one("DUMP l"), one("DUMP s"), one("DUMP z"), one("DUMP h"), one("DUMP x"),
		one("COPY l d REPLACE"), one("COPY s d REPLACE"), one("COPY z d REPLACE"), one("COPY h d REPLACE"), one("COPY x d REPLACE"), one("DUMP text"),
	}},
	{"100,000 keys", fillKeyspace, []cost{
		one("KEYS *"), one("KEYS key:1*"), one("KEYS nothing*"), several("SCAN, the whole walk", "walk SCAN %d COUNT 1000"), several("SCAN MATCH", "walk SCAN %d MATCH key:77* COUNT 1000"),
	}},
}

// random is the same for both servers.
func random() *rand.Rand { return rand.New(rand.NewPCG(7, 7)) }

// fillZsets makes pairs that share half of their members.
func fillZsets(f *filler) {
	rng := random()
	for _, n := range []int{1000, 10000} {
		for i := range n {
			f.do("ZADD", fmt.Sprintf("z%dk", n/1000), rng.IntN(1<<31), fmt.Sprintf("member:%d", i))
			f.do("ZADD", fmt.Sprintf("y%dk", n/1000), rng.IntN(1<<31), fmt.Sprintf("member:%d", i+n/2))
		}
	}
	for i := range 100 {
		f.do("ZADD", "p1", rng.IntN(1000), fmt.Sprintf("member:%d", i))
		f.do("ZADD", "p2", rng.IntN(1000), fmt.Sprintf("member:%d", i+50))
	}
	for i := range 10000 {
		f.do("ZADD", "lex", 0, fmt.Sprintf("member:%05d", i))
	}
}

func fillSets(f *filler) {
	for i := range 10000 {
		f.do("SADD", "s1", fmt.Sprintf("member:%d", i))
		f.do("SADD", "s2", fmt.Sprintf("member:%d", i+5000))
		f.do("SADD", "n1", i*7)
		f.do("SADD", "n2", (i+5000)*7)
	}
	for i := range 500 {
		f.do("SADD", "i1", i*7)
		f.do("SADD", "i2", (i+250)*7)
	}
}

func fillSort(f *filler) {
	rng := random()
	for i := range 10000 {
		n := int(scatter(i)) % 1000000
		f.do("RPUSH", "numbers", n)
		f.do("RPUSH", "words", fmt.Sprintf("word:%d", n))
		f.do("SADD", "set", n)
		f.do("ZADD", "zset", n, fmt.Sprintf("member:%d", i))
		f.do("SET", fmt.Sprintf("w_%d", n), rng.IntN(1000000))
		f.do("SET", fmt.Sprintf("d_%d", n), fmt.Sprintf("description of %d", i))
		f.do("HSET", fmt.Sprintf("h_%d", n), "w", rng.IntN(1000000), "x", "y")
	}
}

func fillBits(f *filler) {
	rng := random()
	bits := func() []byte {
		b := make([]byte, 1<<20)
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		return b
	}
	f.do("SET", "a", bits())
	f.do("SET", "b", bits())
	f.do("SET", "short", bits()[:1000])
	f.do("SET", "zeros", make([]byte, 1<<20))
	f.do("SETBIT", "zeros", 8<<20-1, 1)
	ones := make([]byte, 1<<20)
	for i := range ones {
		ones[i] = 0xff
	}
	f.do("SET", "ones", ones)
}

func fillLCS(f *filler) {
	rng := random()
	for _, name := range []string{"x", "y"} {
		b := make([]byte, 2000)
		for i := range b {
			b[i] = 'a' + byte(rng.IntN(4))
		}
		f.do("SET", name, b)
	}
}

func fillHLL(f *filler) {
	for i := range 100000 {
		f.do("PFADD", fmt.Sprintf("h%d", 1+i%3), fmt.Sprintf("element:%d", i))
	}
	for i := range 300 {
		f.do("PFADD", "s1", fmt.Sprintf("element:%d", i))
		f.do("PFADD", "s2", fmt.Sprintf("element:%d", i+150))
	}
}

func fillGeo(f *filler) {
	rng := random()
	for i := range 100000 {
		f.do("GEOADD", "g", fmt.Sprintf("%.6f", rng.Float64()*60-25), fmt.Sprintf("%.6f", rng.Float64()*35+30), fmt.Sprintf("p%d", i))
	}
}

func fillLongList(f *filler) {
	for i := range 100000 {
		f.do("RPUSH", "l", fmt.Sprintf("e%d", i))
	}
}

func fillHashes(f *filler) {
	for i := range 10000 {
		f.do("HSET", "h", fmt.Sprintf("field:%d", i), fmt.Sprintf("value of %d", i))
	}
	for i := range 100 {
		f.do("HSET", "p", fmt.Sprintf("field:%d", i), fmt.Sprintf("value of %d", i))
		f.do("ZADD", "z", i, fmt.Sprintf("member:%d", i))
	}
	for i := range 500 {
		f.do("SADD", "i", i*7)
	}
}

func fillStream(f *filler) {
	for i := range 10000 {
		f.do("XADD", "x", fmt.Sprintf("%d-0", i+1), "sensor", i%1000, "value", scatter(i)%100000)
	}
	f.do("XGROUP", "CREATE", "x", "g", "0")
	f.do("XREADGROUP", "GROUP", "g", "c", "COUNT", 10000, "STREAMS", "x", ">")
}

func fillValues(f *filler) {
	for i := range 10000 {
		f.do("RPUSH", "l", fmt.Sprintf("element:%d", i))
		f.do("SADD", "s", fmt.Sprintf("element:%d", i))
		f.do("ZADD", "z", int(scatter(i)), fmt.Sprintf("element:%d", i))
		f.do("HSET", "h", fmt.Sprintf("field:%d", i), fmt.Sprintf("value of %d", i))
		f.do("XADD", "x", fmt.Sprintf("%d-0", i+1), "sensor", i%1000, "value", int(scatter(i)))
	}
	f.do("SET", "text", strings.Repeat("many words, many times; ", 40000))
}

func fillKeyspace(f *filler) {
	for i := range 100000 {
		f.do("SET", fmt.Sprintf("key:%d", i), value16)
	}
}
