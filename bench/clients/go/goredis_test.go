package clients

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"spindle/bench/servers"
)

var ctx = context.Background()

// goredis connects until the test ends.
func goredis(t testing.TB, s *servers.Server, change ...func(*redis.Options)) *redis.Client {
	t.Helper()
	o := &redis.Options{Addr: s.Addr, ReadTimeout: patience, WriteTimeout: patience, DialTimeout: patience, PoolTimeout: patience}
	for _, c := range change {
		c(o)
	}
	rdb := redis.NewClient(o)
	t.Cleanup(func() { rdb.Close() })
	return rdb
}

func protocol(n int) func(*redis.Options) { return func(o *redis.Options) { o.Protocol = n } }

// bothProtocols runs f with a RESP2 and a RESP3 client of both servers.
func bothProtocols(t *testing.T, f func(t *testing.T, rdb *redis.Client)) {
	for _, p := range []int{2, 3} {
		t.Run(fmt.Sprint("RESP", p), func(t *testing.T) {
			both(t, func(t *testing.T, s *servers.Server) { f(t, goredis(t, s, protocol(p))) })
		})
	}
}

func TestHandshake(t *testing.T) {
	bothProtocols(t, func(t *testing.T, rdb *redis.Client) {
		p := rdb.Options().Protocol
		want(t, rdb.Ping(ctx), "PONG")
		want(t, rdb.Echo(ctx, "hello"), "hello")
		named := redis.NewClient(&redis.Options{Addr: rdb.Options().Addr, Protocol: p, ClientName: "named", DB: 3, PoolSize: 1})
		defer named.Close()
		want(t, named.ClientGetName(ctx), "named")
		info := must(t, named.ClientInfo(ctx))
		same(t, "name", info.Name, "named")
		same(t, "database", info.DB, 3)
		same(t, "protocol", info.Resp, p)
		same(t, "last command", info.LastCmd, "client|info")
		conn := rdb.Conn()
		defer conn.Close()
		hello := must(t, conn.Hello(ctx, p, "", "", "renamed"))
		same(t, "proto", hello["proto"], any(int64(p)))
		same(t, "mode", hello["mode"], any("standalone"))
		same(t, "role", hello["role"], any("master"))
		same(t, "server", hello["server"], any("redis"))
		want(t, conn.ClientGetName(ctx), "renamed")
		wantError(t, conn.Hello(ctx, 4, "", "", ""), "NOPROTO unsupported protocol version")
		want(t, rdb.ClientKillByFilter(ctx, "ADDR", "192.0.2.1:1"), 0)
		if id := must(t, conn.ClientID(ctx)); id <= 0 {
			t.Error("client id ", id)
		}
		if list := must(t, rdb.ClientList(ctx)); strings.Count(list, "\n") < 3 || !strings.Contains(list, "name=renamed") {
			t.Errorf("CLIENT LIST: %s", list)
		}
	})
}

func TestPassword(t *testing.T) {
	bothOwn(t, []string{"--requirepass", "secret"}, func(t *testing.T, s *servers.Server) {
		for _, p := range []int{2, 3} {
			for _, user := range []string{"", "default"} {
				rdb := goredis(t, s, protocol(p), func(o *redis.Options) { o.Username, o.Password = user, "secret" })
				want(t, rdb.Set(ctx, "k", "v", 0), "OK")
			}
			wantError(t, goredis(t, s, protocol(p)).Get(ctx, "k"), "NOAUTH")
			wrong := goredis(t, s, protocol(p), func(o *redis.Options) { o.Password = "guess" })
			wantError(t, wrong.Get(ctx, "k"), "WRONGPASS")
		}
	})
}

func TestInfoAndCommand(t *testing.T) {
	bothProtocols(t, func(t *testing.T, rdb *redis.Client) {
		info := must(t, rdb.InfoMap(ctx))
		for section, field := range map[string]string{"Server": "redis_version", "Clients": "connected_clients", "Memory": "used_memory",
			"Persistence": "aof_enabled", "Stats": "total_commands_processed", "Replication": "role", "CPU": "used_cpu_sys", "Cluster": "cluster_enabled"} {
			if info[section][field] == "" {
				t.Errorf("INFO has no %s in section %s: %v", field, section, info[section])
			}
		}
		same(t, "role", info["Replication"]["role"], "master")
		same(t, "log", info["Persistence"]["aof_enabled"], "1")
		commands := must(t, rdb.Command(ctx))
		get := commands["get"]
		if get == nil || get.Arity != 2 || get.FirstKeyPos != 1 || get.LastKeyPos != 1 || get.StepCount != 1 || !get.ReadOnly {
			t.Errorf("COMMAND tells about GET: %+v", get)
		}
		same(t, "MSET's step", commands["mset"].StepCount, 2)
		want(t, rdb.CommandGetKeys(ctx, "MSET", "a", "1", "b", "2"), []string{"a", "b"})
		want(t, rdb.CommandGetKeysAndFlags(ctx, "SET", "a", "1"), []redis.KeyFlags{{Key: "a", Flags: []string{"OW", "update"}}})
		same(t, "list of commands", len(must(t, rdb.CommandList(ctx, &redis.FilterBy{Pattern: "xread*"}))), 2)
		want(t, rdb.ConfigGet(ctx, "appendonly"), map[string]string{"appendonly": "yes"})
		want(t, rdb.ConfigSet(ctx, "slowlog-log-slower-than", "0"), "OK")
		log := must(t, rdb.SlowLogGet(ctx, 1))
		want(t, rdb.ConfigSet(ctx, "slowlog-log-slower-than", "10000"), "OK")
		if len(log) != 1 || len(log[0].Args) == 0 || log[0].ClientAddr == "" {
			t.Errorf("SLOWLOG GET: %+v", log)
		}
		if now := must(t, rdb.Time(ctx)); now.Year() < 2020 {
			t.Error("TIME: ", now)
		}
	})
}

// What tools ask to find out how a server is deployed: not a cluster, no replicas, no Sentinel.
func TestStandaloneAnswers(t *testing.T) {
	bothProtocols(t, func(t *testing.T, rdb *redis.Client) {
		const disabled = "ERR This instance has cluster support disabled"
		wantError(t, rdb.ClusterInfo(ctx), disabled)
		wantError(t, rdb.Do(ctx, "CLUSTER", "SLOTS"), disabled)
		wantError(t, rdb.ClusterNodes(ctx), disabled)
		wantError(t, rdb.ClusterShards(ctx), disabled)
		wantError(t, rdb.ReadOnly(ctx), disabled)
		role := must(t, rdb.Do(ctx, "ROLE"))
		same(t, "ROLE", role, any([]any{"master", int64(0), []any{}}))
		want(t, rdb.Wait(ctx, 0, time.Millisecond), 0)
		want(t, rdb.Wait(ctx, 1, time.Millisecond), 0)
		wantError(t, rdb.Do(ctx, "FAILOVER"), "ERR FAILOVER requires connected replicas.")
		wantError(t, rdb.Do(ctx, "SENTINEL", "masters"), "ERR unknown command 'SENTINEL'")
		want(t, rdb.ReplicaOf(ctx, "NO", "ONE"), "OK")
		same(t, "modules", must(t, rdb.Do(ctx, "MODULE", "LIST")), any([]any{}))
		same(t, "slot", must(t, rdb.ConfigGet(ctx, "cluster-enabled")), map[string]string{"cluster-enabled": "no"})
		universal := redis.NewUniversalClient(&redis.UniversalOptions{Addrs: []string{rdb.Options().Addr}, Protocol: rdb.Options().Protocol})
		defer universal.Close()
		want(t, universal.Set(ctx, "k", "v", 0), "OK")
		cluster := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{rdb.Options().Addr}, MaxRedirects: -1})
		defer cluster.Close()
		if err := cluster.Ping(ctx).Err(); err == nil {
			t.Error("a cluster client found a cluster")
		}
		logging.Disable() // it tells at length what it did not find
		defer logging.Enable()
		failover := redis.NewFailoverClient(&redis.FailoverOptions{SentinelAddrs: []string{rdb.Options().Addr}, MasterName: "m", MaxRetries: -1})
		defer failover.Close()
		if err := failover.Ping(ctx).Err(); err == nil {
			t.Error("a failover client found a Sentinel")
		}
	})
}
