package clients

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/hibiken/asynq"
	"spindle/bench/servers"
)

// office is an asynq installation: a client that enqueues, an inspector, and servers that process.
type office struct {
	*asynq.Client
	*asynq.Inspector
	address asynq.RedisClientOpt
}

func newOffice(t *testing.T, s *servers.Server) *office {
	address := asynq.RedisClientOpt{Addr: s.Addr, ReadTimeout: patience, WriteTimeout: patience, DialTimeout: patience}
	o := &office{asynq.NewClient(address), asynq.NewInspector(address), address}
	t.Cleanup(func() { o.Client.Close(); o.Inspector.Close() })
	return o
}

// hire starts a server that hands tasks to work until the test ends. Its loops are as quick as the library lets them be.
func (o *office) hire(t *testing.T, work asynq.HandlerFunc) {
	srv := asynq.NewServer(o.address, asynq.Config{
		Concurrency:              4,
		Queues:                   map[string]int{"critical": 3, "default": 1},
		RetryDelayFunc:           func(int, error, *asynq.Task) time.Duration { return 0 },
		TaskCheckInterval:        20 * time.Millisecond,
		DelayedTaskCheckInterval: 20 * time.Millisecond,
		LogLevel:                 asynq.FatalLevel,
		GroupGracePeriod:         time.Second,
		GroupAggregator: asynq.GroupAggregatorFunc(func(group string, tasks []*asynq.Task) *asynq.Task {
			return asynq.NewTask("batch", []byte(fmt.Sprint(group, " ", len(tasks))))
		}),
	})
	check(t, srv.Start(work))
	t.Cleanup(srv.Shutdown)
}

func (o *office) enqueue(t *testing.T, kind, payload string, options ...asynq.Option) *asynq.TaskInfo {
	t.Helper()
	info, err := o.Enqueue(asynq.NewTask(kind, []byte(payload)), options...)
	check(t, err)
	return info
}

// state is the state of a task, as the inspector reads it.
func (o *office) state(queue, id string) asynq.TaskState {
	info, err := o.GetTaskInfo(queue, id)
	if err != nil {
		return 0
	}
	return info.State
}

func TestAsynqProcesses(t *testing.T) {
	both(t, func(t *testing.T, s *servers.Server) {
		o := newOffice(t, s)
		const n = 200
		done := make(chan string, 2*n)
		for i := range n {
			o.enqueue(t, "mail", fmt.Sprint(i), asynq.Queue([]string{"default", "critical"}[i%2]))
		}
		queue, err := o.GetQueueInfo("default")
		check(t, err)
		same(t, "pending", queue.Pending, n/2)
		o.hire(t, func(_ context.Context, task *asynq.Task) error { done <- string(task.Payload()); return nil })
		seen := map[string]bool{}
		for range n {
			seen[next(t, "a task", done)] = true
		}
		same(t, "distinct tasks", len(seen), n)
		within(t, "the queue is empty and its statistics are right", func() bool {
			q, err := o.GetQueueInfo("default")
			return err == nil && q.Size == 0 && q.ProcessedTotal == n/2 && q.FailedTotal == 0
		})
		same(t, "tasks that came twice", len(done), 0)
	})
}

func TestAsynqRetriesAndArchives(t *testing.T) {
	both(t, func(t *testing.T, s *servers.Server) {
		o := newOffice(t, s)
		var mu sync.Mutex
		tries := map[string]int{}
		o.hire(t, func(ctx context.Context, task *asynq.Task) error {
			mu.Lock()
			defer mu.Unlock()
			tries[task.Type()]++
			switch task.Type() {
			case "flaky":
				if retried, _ := asynq.GetRetryCount(ctx); retried < 2 {
					return errors.New("not yet")
				}
				_, err := task.ResultWriter().Write([]byte("worked at last"))
				return err
			case "hopeless":
				return errors.New("never")
			}
			return fmt.Errorf("no way: %w", asynq.SkipRetry)
		})
		flaky := o.enqueue(t, "flaky", "", asynq.MaxRetry(5), asynq.Retention(time.Hour))
		hopeless := o.enqueue(t, "hopeless", "", asynq.MaxRetry(1))
		refused := o.enqueue(t, "refused", "", asynq.MaxRetry(5))
		within(t, "the flaky task is completed", func() bool { return o.state("default", flaky.ID) == asynq.TaskStateCompleted })
		within(t, "the hopeless task is archived", func() bool { return o.state("default", hopeless.ID) == asynq.TaskStateArchived })
		within(t, "the refused task is archived", func() bool { return o.state("default", refused.ID) == asynq.TaskStateArchived })
		info, err := o.GetTaskInfo("default", flaky.ID)
		check(t, err)
		same(t, "result", string(info.Result), "worked at last")
		same(t, "retries", info.Retried, 2)
		archived, err := o.ListArchivedTasks("default")
		check(t, err)
		same(t, "archived", len(archived), 2)
		mu.Lock()
		same(t, "tries", tries, map[string]int{"flaky": 3, "hopeless": 2, "refused": 1})
		mu.Unlock()
		check(t, o.RunTask("default", refused.ID))
		within(t, "the archived task ran again", func() bool { mu.Lock(); defer mu.Unlock(); return tries["refused"] == 2 })
	})
}

func TestAsynqSchedules(t *testing.T) {
	both(t, func(t *testing.T, s *servers.Server) {
		o := newOffice(t, s)
		later := o.enqueue(t, "later", "", asynq.ProcessIn(time.Hour))
		same(t, "state", later.State, asynq.TaskStateScheduled)
		soon := o.enqueue(t, "soon", "", asynq.ProcessIn(50*time.Millisecond), asynq.Queue("critical"))
		due := soon.NextProcessAt
		ran := make(chan time.Time, 10)
		kinds := make(chan string, 10)
		o.hire(t, func(_ context.Context, task *asynq.Task) error { ran <- time.Now(); kinds <- task.Type(); return nil })
		if at := next(t, "the scheduled task", ran); at.Before(due.Truncate(time.Second)) {
			t.Errorf("ran at %v, was due at %v", at, due)
		}
		same(t, "task", next(t, "the task's name", kinds), "soon")
		same(t, "the other's state", o.state("default", later.ID), asynq.TaskStateScheduled)
		check(t, o.RunTask("default", later.ID))
		same(t, "task run by hand", next(t, "the task's name", kinds), "later")
		scheduler := asynq.NewScheduler(o.address, &asynq.SchedulerOpts{LogLevel: asynq.FatalLevel, HeartbeatInterval: 100 * time.Millisecond})
		_, err := scheduler.Register("@every 1s", asynq.NewTask("tick", nil))
		check(t, err)
		check(t, scheduler.Start())
		defer scheduler.Shutdown()
		for range 2 {
			same(t, "periodic task", next(t, "a tick", kinds), "tick")
		}
		within(t, "the inspector sees the scheduler", func() bool {
			entries, err := o.SchedulerEntries()
			return err == nil && len(entries) == 1 && entries[0].Spec == "@every 1s"
		})
	})
}

func TestAsynqUniqueAndGroups(t *testing.T) {
	both(t, func(t *testing.T, s *servers.Server) {
		o := newOffice(t, s)
		o.enqueue(t, "report", "a", asynq.Unique(time.Hour))
		_, err := o.Enqueue(asynq.NewTask("report", []byte("a")), asynq.Unique(time.Hour))
		if !errors.Is(err, asynq.ErrDuplicateTask) {
			t.Error("the same task again: ", err)
		}
		o.enqueue(t, "report", "b", asynq.Unique(time.Hour), asynq.TaskID("my-id"))
		_, err = o.Enqueue(asynq.NewTask("report", []byte("c")), asynq.TaskID("my-id"))
		if !errors.Is(err, asynq.ErrTaskIDConflict) {
			t.Error("the same id again: ", err)
		}
		for i := range 3 {
			o.enqueue(t, "event", fmt.Sprint(i), asynq.Group("clicks"))
		}
		groups, err := o.Groups("default")
		check(t, err)
		if len(groups) != 1 || groups[0].Group != "clicks" || groups[0].Size != 3 {
			t.Errorf("groups: %+v", groups)
		}
		batches := make(chan string, 10)
		o.hire(t, func(_ context.Context, task *asynq.Task) error {
			if task.Type() == "batch" {
				batches <- string(task.Payload())
			}
			return nil
		})
		same(t, "the group came as one task", next(t, "the batch", batches), "clicks 3")
		within(t, "the lock of the unique task is gone", func() bool {
			_, err := o.Enqueue(asynq.NewTask("report", []byte("a")), asynq.Unique(time.Hour))
			return err == nil
		})
	})
}

func TestAsynqInspector(t *testing.T) {
	both(t, func(t *testing.T, s *servers.Server) {
		o := newOffice(t, s)
		check(t, o.Ping())
		check(t, func() error { o.enqueue(t, "a", ""); return o.PauseQueue("default") }())
		queue, err := o.GetQueueInfo("default")
		check(t, err)
		if !queue.Paused || queue.Pending != 1 || queue.MemoryUsage <= 0 {
			t.Errorf("queue: %+v", queue)
		}
		started, stop := make(chan bool, 1), make(chan error, 1)
		o.hire(t, func(ctx context.Context, task *asynq.Task) error {
			started <- true
			<-ctx.Done()
			stop <- ctx.Err()
			return asynq.SkipRetry
		})
		within(t, "the server registers", func() bool {
			list, err := o.Servers()
			return err == nil && len(list) == 1 && list[0].Status == "active" && list[0].Concurrency == 4
		})
		check(t, o.UnpauseQueue("default"))
		next(t, "the task starts", started)
		active, err := o.ListActiveTasks("default")
		check(t, err)
		same(t, "active tasks", len(active), 1)
		// The server listens for cancellations on a channel of its own, perhaps not yet.
		within(t, "the task is cancelled", func() bool {
			check(t, o.CancelProcessing(active[0].ID))
			select {
			case err := <-stop:
				same(t, "reason", err, context.Canceled)
				return true
			default:
				return false
			}
		})
		for i := range 5 {
			o.enqueue(t, "b", fmt.Sprint(i), asynq.ProcessIn(time.Hour))
		}
		list, err := o.ListScheduledTasks("default", asynq.PageSize(2), asynq.Page(3))
		check(t, err)
		same(t, "third page", len(list), 1)
		check(t, o.ArchiveTask("default", list[0].ID))
		n, err := o.DeleteAllScheduledTasks("default")
		check(t, err)
		same(t, "deleted", n, 4)
		check(t, o.DeleteTask("default", list[0].ID))
		if err := o.DeleteTask("default", list[0].ID); !errors.Is(err, asynq.ErrTaskNotFound) {
			t.Error("deleting again: ", err)
		}
		history, err := o.History("default", 1)
		check(t, err)
		same(t, "days", len(history), 1)
		if err := o.DeleteQueue("absent", false); !errors.Is(err, asynq.ErrQueueNotFound) {
			t.Error("deleting a queue that is not there: ", err)
		}
	})
}
