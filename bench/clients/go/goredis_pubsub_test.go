package clients

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"spindle/bench/servers"
)

// confirmed takes the subscription's confirmation from the server.
func confirmed(t testing.TB, ps *redis.PubSub) {
	t.Helper()
	m, err := ps.ReceiveTimeout(ctx, patience)
	if _, is := m.(*redis.Subscription); err != nil || !is {
		t.Fatalf("%v, %v instead of a confirmation", m, err)
	}
}

func TestPubSub(t *testing.T) {
	bothProtocols(t, func(t *testing.T, rdb *redis.Client) {
		ps := rdb.Subscribe(ctx, "news")
		defer ps.Close()
		confirmed(t, ps)
		check(t, ps.PSubscribe(ctx, "n*"))
		confirmed(t, ps)
		check(t, ps.Ping(ctx, "still there"))
		m, err := ps.ReceiveTimeout(ctx, patience)
		if pong, is := m.(*redis.Pong); err != nil || !is || pong.Payload != "still there" {
			t.Fatalf("PING while subscribed: %v, %v", m, err)
		}
		want(t, rdb.Publish(ctx, "news", "hello"), 2)
		want(t, rdb.PubSubChannels(ctx, "*"), []string{"news"})
		want(t, rdb.PubSubNumSub(ctx, "news", "absent"), map[string]int64{"news": 1, "absent": 0})
		want(t, rdb.PubSubNumPat(ctx), 1)
		messages := ps.Channel()
		same(t, "by channel", *next(t, "a message", messages), redis.Message{Channel: "news", Payload: "hello"})
		same(t, "by pattern", *next(t, "a message", messages), redis.Message{Channel: "news", Pattern: "n*", Payload: "hello"})
		check(t, ps.Unsubscribe(ctx, "news"))
		within(t, "unsubscribed", func() bool { return rdb.PubSubNumSub(ctx, "news").Val()["news"] == 0 })
		const n = 1000
		for i := range n {
			must(t, rdb.Publish(ctx, "n", i))
		}
		for i := range n {
			same(t, "message in order", next(t, "a message", messages).Payload, fmt.Sprint(i))
		}
	})
}

func TestShardedPubSub(t *testing.T) {
	bothProtocols(t, func(t *testing.T, rdb *redis.Client) {
		ps := rdb.SSubscribe(ctx, "orders")
		defer ps.Close()
		confirmed(t, ps)
		want(t, rdb.Publish(ctx, "orders", "not for shards"), 0)
		want(t, rdb.SPublish(ctx, "orders", "1"), 1)
		want(t, rdb.PubSubShardChannels(ctx, "*"), []string{"orders"})
		want(t, rdb.PubSubShardNumSub(ctx, "orders"), map[string]int64{"orders": 1})
		same(t, "message", *next(t, "a message", ps.Channel()), redis.Message{Channel: "orders", Payload: "1"})
	})
}

// A subscriber that loses its connection subscribes again by itself.
func TestSubscriberReconnects(t *testing.T) {
	bothProtocols(t, func(t *testing.T, rdb *redis.Client) {
		ps := rdb.Subscribe(ctx, "a", "b")
		defer ps.Close()
		check(t, ps.PSubscribe(ctx, "p*"))
		messages := ps.Channel()
		subscribed := func() bool {
			n := rdb.PubSubNumSub(ctx, "a", "b").Val()
			return n["a"] == 1 && n["b"] == 1 && rdb.PubSubNumPat(ctx).Val() == 1
		}
		for round := range 3 {
			within(t, "subscribed to both channels and the pattern", subscribed)
			want(t, rdb.Publish(ctx, "b", round), 1)
			same(t, "message", next(t, "a message", messages).Payload, fmt.Sprint(round))
			want(t, rdb.ClientKillByFilter(ctx, "TYPE", "pubsub"), 1)
		}
	})
}

// A client outlives the server's restart, and what it wrote does too.
func TestServerRestart(t *testing.T) {
	bothOwn(t, nil, func(t *testing.T, s *servers.Server) {
		rdb := goredis(t, s)
		ps := rdb.Subscribe(ctx, "news")
		defer ps.Close()
		messages := ps.Channel()
		want(t, rdb.Set(ctx, "k", "v", 0), "OK")
		want(t, rdb.ConfigSet(ctx, "appendfsync", "always"), "OK")
		want(t, rdb.RPush(ctx, "l", "a", "b"), 2)
		check(t, s.Restart())
		within(t, "the client connects again", func() bool { return rdb.Ping(ctx).Err() == nil })
		want(t, rdb.Get(ctx, "k"), "v")
		want(t, rdb.LRange(ctx, "l", 0, -1), []string{"a", "b"})
		within(t, "subscribed again", func() bool { return rdb.PubSubNumSub(ctx, "news").Val()["news"] == 1 })
		want(t, rdb.Publish(ctx, "news", "back"), 1)
		same(t, "message", next(t, "a message", messages).Payload, "back")
	})
}

func TestKeyspaceNotifications(t *testing.T) {
	bothProtocols(t, func(t *testing.T, rdb *redis.Client) {
		want(t, rdb.ConfigSet(ctx, "notify-keyspace-events", "KEA"), "OK")
		ps := rdb.PSubscribe(ctx, "__key*@0__:*")
		defer ps.Close()
		confirmed(t, ps)
		want(t, rdb.Set(ctx, "k", "v", time.Hour), "OK")
		want(t, rdb.Rename(ctx, "k", "l"), "OK")
		want(t, rdb.PExpire(ctx, "l", 20*time.Millisecond), true)
		within(t, "the key expires", func() bool { return rdb.Exists(ctx, "l").Val() == 0 })
		var events []string
		for range 12 {
			m := next(t, "an event", ps.Channel())
			events = append(events, m.Channel+" "+m.Payload)
		}
		same(t, "events", strings.Join(events, "\n"), strings.TrimSpace(`
__keyspace@0__:k set
__keyevent@0__:set k
__keyspace@0__:k expire
__keyevent@0__:expire k
__keyspace@0__:k rename_from
__keyevent@0__:rename_from k
__keyspace@0__:l rename_to
__keyevent@0__:rename_to l
__keyspace@0__:l expire
__keyevent@0__:expire l
__keyspace@0__:l expired
__keyevent@0__:expired l`))
	})
}
