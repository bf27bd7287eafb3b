package clients

import (
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"spindle/bench/servers"
)

// A user of an application: its own keys, its own channel, no more.
func TestUsers(t *testing.T) {
	bothOwn(t, nil, func(t *testing.T, s *servers.Server) {
		for _, p := range []int{2, 3} {
			admin := goredis(t, s, protocol(p))
			want(t, admin.ACLSetUser(ctx, "app", "reset", "on", ">secret", "~app:*", "%R~shared:*", "&news", "+@all", "-@dangerous"), "OK")
			app := goredis(t, s, protocol(p), func(o *redis.Options) { o.Username, o.Password = "app", "secret" })
			want(t, app.Do(ctx, "ACL", "WHOAMI"), any("app"))
			want(t, app.Set(ctx, "app:k", "v", 0), "OK")
			wantError(t, app.Set(ctx, "other", "v", 0), "NOPERM")
			nothing(t, app.Get(ctx, "shared:k"))
			wantError(t, app.Set(ctx, "shared:k", "v", 0), "NOPERM")
			wantError(t, app.FlushAll(ctx), "NOPERM")
			want(t, app.Publish(ctx, "news", "x"), 0)
			wantError(t, app.Publish(ctx, "other", "x"), "NOPERM")
			tx := app.TxPipeline()
			tx.Set(ctx, "app:k", "changed", 0)
			tx.Set(ctx, "other", "v", 0)
			if _, err := tx.Exec(ctx); err == nil {
				t.Error("a transaction with a forbidden key worked")
			}
			want(t, app.Get(ctx, "app:k"), "v")
			want(t, admin.ACLDryRun(ctx, "app", "GET", "app:k"), "OK")
			if log := must(t, admin.ACLLog(ctx, 1)); len(log) != 1 || log[0].Username != "app" || log[0].Object != "other" {
				t.Errorf("ACL LOG: %+v", log)
			}
			if list := strings.Join(must(t, admin.ACLList(ctx)), "\n"); !strings.Contains(list, "user app on sanitize-payload #") {
				t.Errorf("ACL LIST: %s", list)
			}
			want(t, admin.ACLDelUser(ctx, "app"), 1)
			wantError(t, goredis(t, s, protocol(p), func(o *redis.Options) { o.Username, o.Password = "app", "secret" }).Ping(ctx), "WRONGPASS")
		}
	})
}
