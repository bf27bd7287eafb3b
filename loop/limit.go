package loop

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// Descriptors.
//
// An accept that finds no descriptor ends evio's loop, so it must not happen. The
// kernel gives the lowest free number: a connection whose number comes near the limit
// says that all below are taken. Then the listeners leave evio's poll, clients wait
// in the kernel's queue, and a probe (duplicate a descriptor, look at its number) tells when there is room again.

// reservedFDs are kept free of connections, besides two for each listener: evio may have
// done so many accepts before it tells us of the first. redisReserve is
// the headroom above maxclients that Redis asks for.
const (
	reservedFDs  = 8
	redisReserve = 32
)

// RaiseDescriptorLimit raises the soft limit of open files so that maxClients
// connections and a reserve of 32 fit. granted is the number of clients that do, at
// most maxClients; it is less if the hard limit forbids more, and then err says why.
// Where allowed, the limit is raised further: a slow client takes a second descriptor.
func RaiseDescriptorLimit(maxClients int) (granted int, err error) {
	if maxClients < 1 {
		return 0, fmt.Errorf("invalid number of clients: %d", maxClients)
	}
	need := uint64(maxClients) + redisReserve
	var lim unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &lim); err != nil {
		return max(1, min(maxClients, 1024-redisReserve)), fmt.Errorf("unable to obtain the current NOFILE limit: %w", err)
	}
	had := uint64(lim.Cur)
	if had < 2*need {
		had, err = raise(lim, had, 2*need)
	}
	if had >= need {
		return maxClients, nil
	}
	if had <= redisReserve {
		return 0, fmt.Errorf("the limit of %d open files is not enough to start; increase it, e.g. by ulimit -n", had)
	}
	return int(had - redisReserve), fmt.Errorf("cannot set the maximum of open files to %d: %w; it stays at %d", need, err, had)
}

// raise finds the highest limit in (had, want] that the system grants. The error is the one for want.
func raise(lim unix.Rlimit, had, want uint64) (uint64, error) {
	err := setDescriptorLimit(lim, want)
	if err == nil {
		return want, nil
	}
	for refused := want; refused-had > 1; {
		try := had + (refused-had)/2
		if setDescriptorLimit(lim, try) == nil {
			had = try
		} else {
			refused = try
		}
	}
	return had, err
}

// setDescriptorLimit tries a soft limit, raising the hard one with it if need be.
func setDescriptorLimit(lim unix.Rlimit, n uint64) error {
	setLimit(&lim.Cur, n)
	if uint64(lim.Max) < n {
		setLimit(&lim.Max, n)
	}
	return unix.Setrlimit(unix.RLIMIT_NOFILE, &lim)
}

// setLimit exists because systems disagree about the sign.
func setLimit[T int64 | uint64](p *T, n uint64) { *p = T(n) }

// descriptorLimit is the number of descriptors this process may have.
func descriptorLimit() int {
	var lim unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &lim) != nil || uint64(lim.Cur) > 1<<30 {
		return 1 << 30
	}
	return int(lim.Cur)
}

// fdCeiling is the first number a connection should not have.
func (l *Loop) fdCeiling() int {
	if l.fdLimit == 0 {
		l.fdLimit = descriptorLimit()
	}
	return l.fdLimit - reservedFDs - 2*len(l.addrs)
}

// checkDescriptors follows the opening of fd.
func (l *Loop) checkDescriptors(fd int) {
	if fd >= l.fdCeiling() && l.accepting {
		l.logf("warning", "Running out of file descriptors (limit %d): not accepting connections for now.", l.fdLimit)
		l.setAccepting(false)
		l.After(defaultTick, l.probeAgain)
	}
}

// probeAgain goes on while accepting is paused.
func (l *Loop) probeAgain() {
	l.probeDescriptors()
	if !l.accepting {
		l.After(defaultTick, l.probeAgain)
	}
}

// probeDescriptors looks whether descriptors are short, whoever uses them. It stops and resumes accepting.
func (l *Loop) probeDescriptors() {
	if l.poll < 0 || l.draining {
		return
	}
	l.fdLimit = descriptorLimit()
	fd, err := unix.FcntlInt(uintptr(l.poll), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		fd = l.fdLimit
	} else {
		unix.Close(fd)
	}
	l.checkDescriptors(fd)
	if !l.accepting && fd < l.fdCeiling() {
		l.logf("notice", "File descriptors are available again: accepting connections.")
		l.setAccepting(true)
	}
}

// duplicate makes a second descriptor, but not of the last ones.
func (l *Loop) duplicate(fd int) (int, error) {
	own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err == nil && own >= l.fdCeiling() {
		unix.Close(own)
		err = unix.EMFILE
	}
	return own, err
}

// findListeners looks for the listening sockets in evio's poll. highest is the first connection's descriptor, which came after them.
func (l *Loop) findListeners(highest int) {
	want := len(l.bound) + 1
	for _, top := range []int{highest + 64, min(descriptorLimit(), 1<<16)} {
		l.listeners = l.listeners[:0]
		for fd := 3; fd < top && len(l.listeners) < want; fd++ {
			on, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
			if err == nil && on != 0 && pollHas(l.poll, fd) {
				l.listeners = append(l.listeners, fd)
			}
		}
		if len(l.listeners) == want {
			return
		}
	}
	l.logf("warning", "Found %d of %d listening sockets: accepting cannot be paused.", len(l.listeners), want)
}

// setAccepting takes the listeners out of evio's poll, or puts them back.
func (l *Loop) setAccepting(on bool) {
	if l.accepting == on || l.poll < 0 {
		return
	}
	l.accepting = on
	for _, fd := range l.listeners {
		var err error
		if on {
			err = pollAdd(l.poll, fd, fd)
		} else {
			err = pollRemove(l.poll, fd)
		}
		if err != nil {
			l.logf("warning", "Can't change the watch on a listening socket: %v", err)
		}
	}
}

func (l *Loop) keepAliveTime() time.Duration { return time.Duration(l.keepAlive.Load()) }
