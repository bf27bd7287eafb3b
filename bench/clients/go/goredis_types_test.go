package clients

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// nothing fails the test unless the command answered with redis.Nil.
func nothing[T any](t testing.TB, c result[T]) {
	t.Helper()
	if v, err := c.Result(); err != redis.Nil {
		t.Errorf("%.200v: got %v, %v, want nothing", c, v, err)
	}
}

func TestStrings(t *testing.T) {
	bothProtocols(t, func(t *testing.T, rdb *redis.Client) {
		nothing(t, rdb.Get(ctx, "k"))
		want(t, rdb.Set(ctx, "k", "v", 0), "OK")
		want(t, rdb.SetNX(ctx, "k", "w", 0), false)
		want(t, rdb.SetXX(ctx, "k", "w", 0), true)
		want(t, rdb.SetArgs(ctx, "k", "x", redis.SetArgs{Get: true}), "w")
		want(t, rdb.SetArgs(ctx, "k", "y", redis.SetArgs{Get: true, KeepTTL: true}), "x")
		want(t, rdb.GetEx(ctx, "k", time.Hour), "y")
		want(t, rdb.GetDel(ctx, "k"), "y")
		want(t, rdb.IncrBy(ctx, "n", 40), 40)
		want(t, rdb.Incr(ctx, "n"), 41)
		want(t, rdb.DecrBy(ctx, "n", -1), 42)
		want(t, rdb.IncrByFloat(ctx, "f", 0.1), 0.1)
		want(t, rdb.IncrByFloat(ctx, "f", 0.2), 0.3)
		wantError(t, rdb.Incr(ctx, "f"), "ERR value is not an integer or out of range")
		want(t, rdb.MSet(ctx, map[string]any{"a": 1, "b": "two"}), "OK")
		want(t, rdb.MGet(ctx, "a", "absent", "b"), []any{"1", nil, "two"})
		want(t, rdb.Append(ctx, "b", "!"), 4)
		want(t, rdb.SetRange(ctx, "b", 6, "?"), 7)
		want(t, rdb.GetRange(ctx, "b", 0, -1), "two!\x00\x00?")
		want(t, rdb.SetBit(ctx, "bits", 7, 1), 0)
		want(t, rdb.BitCount(ctx, "bits", nil), 1)
		want(t, rdb.BitPos(ctx, "bits", 1), 7)
		want(t, rdb.BitField(ctx, "bits", "INCRBY", "u8", "#1", "250", "OVERFLOW", "SAT", "INCRBY", "u8", "#1", "10"), []int64{250, 255})
		want(t, rdb.BitOpNot(ctx, "not", "bits"), 2)
		match := must(t, rdb.LCS(ctx, &redis.LCSQuery{Key1: "a", Key2: "a", Idx: true}))
		same(t, "length of the match", match.Len, 1)
		want(t, rdb.Type(ctx, "a"), "string")
		want(t, rdb.ObjectEncoding(ctx, "a"), "int")
	})
}

func TestExpiry(t *testing.T) {
	bothProtocols(t, func(t *testing.T, rdb *redis.Client) {
		want(t, rdb.Set(ctx, "k", "v", time.Hour), "OK")
		if ttl := must(t, rdb.TTL(ctx, "k")); ttl <= time.Hour-time.Minute || ttl > time.Hour {
			t.Error("TTL: ", ttl)
		}
		want(t, rdb.Persist(ctx, "k"), true)
		want(t, rdb.TTL(ctx, "k"), -1)
		want(t, rdb.TTL(ctx, "absent"), -2)
		at := time.Now().Add(2 * time.Hour).Truncate(time.Second)
		want(t, rdb.ExpireAt(ctx, "k", at), true)
		want(t, rdb.ExpireTime(ctx, "k"), time.Duration(at.Unix())*time.Second)
		want(t, rdb.ExpireGT(ctx, "k", time.Hour), false)
		want(t, rdb.ExpireNX(ctx, "k", time.Hour), false)
		want(t, rdb.ExpireLT(ctx, "k", time.Hour), true)
		want(t, rdb.Set(ctx, "soon", "v", 20*time.Millisecond), "OK")
		within(t, "the key expires", func() bool { return errors.Is(rdb.Get(ctx, "soon").Err(), redis.Nil) })
		want(t, rdb.Exists(ctx, "soon", "k"), 1)
		want(t, rdb.PExpire(ctx, "k", -time.Second), true)
		want(t, rdb.Exists(ctx, "k"), 0)
	})
}

func TestHashes(t *testing.T) {
	type account struct {
		Name  string  `redis:"name"`
		Age   int     `redis:"age"`
		Score float64 `redis:"score"`
	}
	bothProtocols(t, func(t *testing.T, rdb *redis.Client) {
		written := account{"Ada", 36, 0.5}
		want(t, rdb.HSet(ctx, "h", written), 3)
		var read account
		check(t, rdb.HGetAll(ctx, "h").Scan(&read))
		same(t, "struct", read, written)
		want(t, rdb.HMGet(ctx, "h", "name", "absent"), []any{"Ada", nil})
		want(t, rdb.HIncrBy(ctx, "h", "age", 1), 37)
		want(t, rdb.HIncrByFloat(ctx, "h", "score", 0.25), 0.75)
		want(t, rdb.HSetNX(ctx, "h", "name", "x"), false)
		want(t, rdb.HExists(ctx, "h", "name"), true)
		want(t, rdb.HDel(ctx, "h", "name", "absent"), 1)
		want(t, rdb.HLen(ctx, "h"), 2)
		keys := must(t, rdb.HKeys(ctx, "h"))
		sort.Strings(keys)
		same(t, "fields", keys, []string{"age", "score"})
		want(t, rdb.HGetAll(ctx, "absent"), map[string]string{})
		same(t, "random fields", len(must(t, rdb.HRandFieldWithValues(ctx, "h", 5))), 2)
		wantError(t, rdb.Get(ctx, "h"), "WRONGTYPE")
	})
}

func TestListsAndSets(t *testing.T) {
	bothProtocols(t, func(t *testing.T, rdb *redis.Client) {
		want(t, rdb.RPush(ctx, "l", "a", "b", "c", "b"), 4)
		want(t, rdb.LInsertBefore(ctx, "l", "c", "x"), 5)
		want(t, rdb.LPos(ctx, "l", "b", redis.LPosArgs{Rank: -1}), 4)
		want(t, rdb.LPosCount(ctx, "l", "b", 0, redis.LPosArgs{}), []int64{1, 4})
		want(t, rdb.LRem(ctx, "l", -1, "b"), 1)
		want(t, rdb.LMove(ctx, "l", "m", "left", "right"), "a")
		want(t, rdb.LRange(ctx, "l", 0, -1), []string{"b", "x", "c"})
		want(t, rdb.LPopCount(ctx, "l", 2), []string{"b", "x"})
		key, values, err := rdb.LMPop(ctx, "right", 5, "absent", "l").Result()
		if err != nil || key != "l" || !slices.Equal(values, []string{"c"}) {
			t.Errorf("LMPOP: %q %q %v", key, values, err)
		}
		nothing(t, rdb.LPop(ctx, "l"))
		want(t, rdb.SAdd(ctx, "s", 1, 2, 3, "x"), 4)
		want(t, rdb.SAdd(ctx, "u", 2, 3, "y"), 3)
		want(t, rdb.SMIsMember(ctx, "s", 1, 9), []bool{true, false})
		want(t, rdb.SInterCard(ctx, 1, "s", "u"), 1)
		inter := must(t, rdb.SInter(ctx, "s", "u"))
		sort.Strings(inter)
		same(t, "intersection", inter, []string{"2", "3"})
		want(t, rdb.SMembersMap(ctx, "u"), map[string]struct{}{"2": {}, "3": {}, "y": {}})
		want(t, rdb.SDiffStore(ctx, "d", "s", "u"), 2)
		same(t, "popped", len(must(t, rdb.SPopN(ctx, "d", 5))), 2)
		want(t, rdb.Sort(ctx, "u", &redis.Sort{Alpha: true, Order: "DESC", Count: 2}), []string{"y", "3"})
	})
}

func TestSortedSets(t *testing.T) {
	bothProtocols(t, func(t *testing.T, rdb *redis.Client) {
		z := func(pairs ...any) (list []redis.Z) {
			for i := 0; i < len(pairs); i += 2 {
				list = append(list, redis.Z{Member: pairs[i], Score: pairs[i+1].(float64)})
			}
			return list
		}
		want(t, rdb.ZAdd(ctx, "z", z("a", 1.0, "b", 2.5, "c", math.Inf(1))...), 3)
		want(t, rdb.ZScore(ctx, "z", "c"), math.Inf(1))
		want(t, rdb.ZRangeWithScores(ctx, "z", 0, 1), z("a", 1.0, "b", 2.5))
		want(t, rdb.ZRangeArgs(ctx, redis.ZRangeArgs{Key: "z", Start: "+inf", Stop: "(1", ByScore: true, Rev: true, Count: 1}), []string{"c"})
		want(t, rdb.ZIncrBy(ctx, "z", 0.5, "a"), 1.5)
		want(t, rdb.ZAddArgs(ctx, "z", redis.ZAddArgs{GT: true, Ch: true, Members: z("a", 1.0, "b", 9.0)}), 1)
		want(t, rdb.ZAddArgsIncr(ctx, "z", redis.ZAddArgs{XX: true, Members: z("a", 1.0)}), 2.5)
		nothing(t, rdb.ZAddArgsIncr(ctx, "z", redis.ZAddArgs{NX: true, Members: z("a", 1.0)}))
		want(t, rdb.ZRevRank(ctx, "z", "a"), 2)
		want(t, rdb.ZMScore(ctx, "z", "a", "absent"), []float64{2.5, 0})
		want(t, rdb.ZUnionWithScores(ctx, redis.ZStore{Keys: []string{"z", "z"}, Weights: []float64{1, -1}, Aggregate: "MIN"}), z("c", math.Inf(-1), "b", -9.0, "a", -2.5))
		want(t, rdb.ZPopMin(ctx, "z", 2), z("a", 2.5, "b", 9.0))
		want(t, rdb.ZAdd(ctx, "lex", z("a", 0.0, "b", 0.0, "c", 0.0)...), 3)
		want(t, rdb.ZRangeArgs(ctx, redis.ZRangeArgs{Key: "lex", Start: "[a", Stop: "(c", ByLex: true}), []string{"a", "b"})
		want(t, rdb.ZRemRangeByRank(ctx, "lex", 0, -2), 2)
		key, popped, err := rdb.ZMPop(ctx, "max", 3, "lex").Result()
		if err != nil || key != "lex" || len(popped) != 1 || popped[0] != (redis.Z{Member: "c"}) {
			t.Errorf("ZMPOP: %q %v %v", key, popped, err)
		}
	})
}

func TestGeoAndHyperLogLog(t *testing.T) {
	bothProtocols(t, func(t *testing.T, rdb *redis.Client) {
		want(t, rdb.GeoAdd(ctx, "g", &redis.GeoLocation{Name: "Palermo", Longitude: 13.361389, Latitude: 38.115556},
			&redis.GeoLocation{Name: "Catania", Longitude: 15.087269, Latitude: 37.502669}), 2)
		want(t, rdb.GeoDist(ctx, "g", "Palermo", "Catania", "km"), 166.2742)
		want(t, rdb.GeoHash(ctx, "g", "Palermo"), []string{"sqc8b49rny0"})
		pos := must(t, rdb.GeoPos(ctx, "g", "Catania", "absent"))
		if len(pos) != 2 || math.Abs(pos[0].Longitude-15.087269) > 1e-5 || pos[1] != nil {
			t.Errorf("GEOPOS: %v", pos)
		}
		q := redis.GeoSearchQuery{Longitude: 15, Latitude: 37, Radius: 200, RadiusUnit: "km", Sort: "ASC"}
		want(t, rdb.GeoSearch(ctx, "g", &q), []string{"Catania", "Palermo"})
		found := must(t, rdb.GeoSearchLocation(ctx, "g", &redis.GeoSearchLocationQuery{GeoSearchQuery: q, WithDist: true, WithCoord: true, WithHash: true}))
		same(t, "distance", found[0].Dist, 56.4413)
		want(t, rdb.GeoSearchStore(ctx, "g", "near", &redis.GeoSearchStoreQuery{GeoSearchQuery: q, StoreDist: true}), 2)
		for i := range 100 {
			must(t, rdb.PFAdd(ctx, "hll", fmt.Sprint("visitor", i), i))
		}
		n := must(t, rdb.PFCount(ctx, "hll"))
		if n < 190 || n > 210 {
			t.Error("PFCOUNT: ", n)
		}
		want(t, rdb.PFMerge(ctx, "merged", "hll", "absent"), "OK")
		want(t, rdb.PFCount(ctx, "merged"), n)
	})
}

// Values of applications: documents, megabytes, every byte there is.
func TestValues(t *testing.T) {
	bothProtocols(t, func(t *testing.T, rdb *redis.Client) {
		type document struct {
			Title string
			Tags  []string
			Text  string
		}
		written := document{"Grüße \"quoted\"\r\n", []string{"a", "日本語"}, strings.Repeat("x", 1000)}
		b, err := json.Marshal(written)
		check(t, err)
		want(t, rdb.Set(ctx, "json", b, 0), "OK")
		var read document
		check(t, json.Unmarshal([]byte(must(t, rdb.Get(ctx, "json"))), &read))
		same(t, "document", read, written)
		all := make([]byte, 256)
		for i := range all {
			all[i] = byte(i)
		}
		big := strings.Repeat(string(all), 32<<10) // 8 MB
		want(t, rdb.Set(ctx, string(all), big, 0), "OK")
		if got := must(t, rdb.Get(ctx, string(all))); got != big {
			t.Errorf("8 MB came back as %d bytes that differ", len(got))
		}
		want(t, rdb.HSet(ctx, "h", string(all), big), 1)
		want(t, rdb.RPush(ctx, "l", big, big), 2)
		got := must(t, rdb.LRange(ctx, "l", 0, -1))
		if len(got) != 2 || got[0] != big || got[1] != big {
			t.Error("two times 8 MB came back changed")
		}
		want(t, rdb.Copy(ctx, "l", "copy", 0, false), 1)
		dump := must(t, rdb.Dump(ctx, "l"))
		want(t, rdb.RestoreReplace(ctx, "copy", time.Hour, dump), "OK")
		want(t, rdb.LLen(ctx, "copy"), 2)
	})
}

func TestScanIterators(t *testing.T) {
	bothProtocols(t, func(t *testing.T, rdb *redis.Client) {
		const n = 2000
		pipe := rdb.Pipeline()
		for i := range n {
			pipe.Set(ctx, fmt.Sprint("key:", i), i, 0)
			pipe.HSet(ctx, "h", fmt.Sprint("f", i), i)
			pipe.SAdd(ctx, "s", fmt.Sprint("m", i))
			pipe.ZAdd(ctx, "z", redis.Z{Score: float64(i), Member: fmt.Sprint("m", i)})
		}
		if _, err := pipe.Exec(ctx); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			it       *redis.ScanIterator
			distinct int
		}{
			"SCAN":      {rdb.Scan(ctx, 0, "key:*", 100).Iterator(), n},
			"SCAN TYPE": {rdb.ScanType(ctx, 0, "*", 100, "zset").Iterator(), 1},
			"HSCAN":     {rdb.HScan(ctx, "h", 0, "", 50).Iterator(), 2 * n}, // fields f..., values ...
			"HSCAN f1*": {rdb.HScan(ctx, "h", 0, "f1?", 50).Iterator(), 2 * 10},
			"SSCAN":     {rdb.SScan(ctx, "s", 0, "m*", 10).Iterator(), n},
			"ZSCAN":     {rdb.ZScan(ctx, "z", 0, "", 500).Iterator(), 2 * n},
		} {
			seen := map[string]bool{}
			for c.it.Next(ctx) {
				seen[c.it.Val()] = true
			}
			check(t, c.it.Err())
			same(t, name, len(seen), c.distinct)
		}
	})
}

func TestStreams(t *testing.T) {
	bothProtocols(t, func(t *testing.T, rdb *redis.Client) {
		for i := range 5 {
			must(t, rdb.XAdd(ctx, &redis.XAddArgs{Stream: "s", ID: fmt.Sprintf("%d-0", i+1), Values: []any{"n", i}}))
		}
		wantError(t, rdb.XAdd(ctx, &redis.XAddArgs{Stream: "s", ID: "1-0", Values: []any{"n", 0}}), "equal or smaller than the target stream top item")
		want(t, rdb.XRangeN(ctx, "s", "(1-0", "+", 1), []redis.XMessage{{ID: "2-0", Values: map[string]any{"n": "1"}}})
		want(t, rdb.XGroupCreateMkStream(ctx, "s", "g", "0"), "OK")
		wantError(t, rdb.XGroupCreate(ctx, "s", "g", "0"), "BUSYGROUP")
		read := func(consumer string, count int64) []redis.XMessage {
			t.Helper()
			return must(t, rdb.XReadGroup(ctx, &redis.XReadGroupArgs{Group: "g", Consumer: consumer, Streams: []string{"s", ">"}, Count: count}))[0].Messages
		}
		same(t, "for ann", len(read("ann", 3)), 3)
		same(t, "for bob", len(read("bob", 10)), 2)
		want(t, rdb.XAck(ctx, "s", "g", "1-0"), 1)
		pending := must(t, rdb.XPending(ctx, "s", "g"))
		same(t, "pending", *pending, redis.XPending{Count: 4, Lower: "2-0", Higher: "5-0", Consumers: map[string]int64{"ann": 2, "bob": 2}})
		claimed := must(t, rdb.XClaim(ctx, &redis.XClaimArgs{Stream: "s", Group: "g", Consumer: "bob", Messages: []string{"2-0"}}))
		same(t, "claimed", claimed, []redis.XMessage{{ID: "2-0", Values: map[string]any{"n": "1"}}})
		messages, start, err := rdb.XAutoClaim(ctx, &redis.XAutoClaimArgs{Stream: "s", Group: "g", Consumer: "eve", Start: "0", Count: 2}).Result()
		if err != nil || len(messages) != 2 || start != "4-0" {
			t.Errorf("XAUTOCLAIM: %v %v %v", messages, start, err)
		}
		ext := must(t, rdb.XPendingExt(ctx, &redis.XPendingExtArgs{Stream: "s", Group: "g", Start: "-", End: "+", Count: 1, Consumer: "eve"}))
		if len(ext) != 1 || ext[0].ID != "2-0" || ext[0].RetryCount != 3 {
			t.Errorf("XPENDING: %+v", ext)
		}
		groups := must(t, rdb.XInfoGroups(ctx, "s"))
		same(t, "groups", groups, []redis.XInfoGroup{{Name: "g", Consumers: 3, Pending: 4, LastDeliveredID: "5-0", EntriesRead: 5}})
		info := must(t, rdb.XInfoStream(ctx, "s"))
		if info.Length != 5 || info.FirstEntry.ID != "1-0" || info.LastGeneratedID != "5-0" || info.EntriesAdded != 5 {
			t.Errorf("XINFO STREAM: %+v", info)
		}
		full := must(t, rdb.XInfoStreamFull(ctx, "s", 1))
		if len(full.Entries) != 1 || len(full.Groups) != 1 || len(full.Groups[0].Consumers) != 3 {
			t.Errorf("XINFO STREAM FULL: %+v", full)
		}
		if consumers := must(t, rdb.XInfoConsumers(ctx, "s", "g")); len(consumers) != 3 || consumers[0].Name != "ann" {
			t.Errorf("XINFO CONSUMERS: %+v", consumers)
		}
		want(t, rdb.XDel(ctx, "s", "3-0"), 1)
		want(t, rdb.XTrimMaxLen(ctx, "s", 2), 2)
		want(t, rdb.XLen(ctx, "s"), 2)
		nothing(t, rdb.XRead(ctx, &redis.XReadArgs{Streams: []string{"s", "$"}, Block: time.Millisecond}))
	})
}
