; A pool of threads in machine code: @edgewise_run calls a function for pieces 0, 1, … of some work, on several at once.
;
; One region of work at a time has the pool; whoever comes meanwhile, from another thread of Python's or from a piece,
; does its own work alone, and nobody ever waits for anybody else's region. Pieces are handed out in order by one counter.
; A worker that comes late finds the region closed, and one that never comes is not missed: the caller takes pieces as
; well, and waits only for those that were taken.
;
; Two handshakes carry it, each between two who write one word and then read the other's, in one order for all (seq_cst):
;   a worker counts itself in and then looks whether the region is open; the caller closes it and then counts;
;   a worker says that it sleeps and then looks at its ticket; whoever wakes it writes the ticket and then looks.
;
; Constants and what this system calls things are put in front of the text by pool.py: @MASK, SPINS, @relax.

%Room   = type [128 x i8]                                       ; of a mutex, a condition, a set of signals: all are smaller
%Worker = type { i64, i64, i64, %Room, [104 x i8] }             ; ticket, asleep, thread, condition; four lines of a cache

@edgewise_threads = external global i64                         ; how many threads are wanted, the caller's included

@owner   = internal global i64 0, align 64                      ; the process: after a fork it is another, without workers
@busy    = internal global i64 0                                ; 1 while a region has the pool
@closed  = internal global i64 0                                ; 1 from the end of the interpreter on
@started = internal global i64 0                                ; workers that are there
@ticket  = internal global i64 0                                ; of the last region
@mutex   = internal global %Room zeroinitializer, align 64      ; for going to sleep and for waking
@done    = internal global %Room zeroinitializer, align 64      ; the last worker has left
@waiting = internal global i64 0                                ; 1 while the caller sleeps until then
@workers = internal global [256 x %Worker] zeroinitializer, align 64

@body    = internal global ptr null, align 64                   ; the region
@frame   = internal global ptr null
@pieces  = internal global i64 0
@helpers = internal global i64 0                                ; workers that are called
@float   = internal global %Room zeroinitializer, align 64      ; how the caller rounds: a worker does as well
@open    = internal global i64 0, align 64
@next    = internal global i64 0, align 64                      ; the piece that is taken next
@active  = internal global i64 0, align 64                      ; workers inside
@failed  = internal global i64 0, align 64                      ; the least of piece * 2^32 + code; -1 for none

declare i32 @getpid()
declare i32 @sched_yield()
declare i32 @fegetenv(ptr)
declare i32 @fesetenv(ptr)
declare i32 @sigfillset(ptr)
declare i32 @pthread_sigmask(i32, ptr, ptr)
declare i32 @pthread_create(ptr, ptr, ptr, ptr)
declare i32 @pthread_join(i64, ptr)
declare i32 @pthread_mutex_init(ptr, ptr)
declare i32 @pthread_mutex_lock(ptr)
declare i32 @pthread_mutex_unlock(ptr)
declare i32 @pthread_cond_init(ptr, ptr)
declare i32 @pthread_cond_wait(ptr, ptr)
declare i32 @pthread_cond_signal(ptr)

; ------------------------------------------------------------------------------------------------------- the caller's

; body(frame, piece, slot) for every piece, on no more than %most threads at once, each of which has a slot below that.
; Returns 0, or what the first piece that failed returned, in their order.
define i64 @edgewise_run(ptr %body, ptr %frame, i64 %pieces, i64 %most) #0 {
  %threads = load atomic i64, ptr @edgewise_threads monotonic, align 8
  %fewer = call i64 @llvm.smin.i64(i64 %threads, i64 %most)
  %useful = call i64 @llvm.smin.i64(i64 %fewer, i64 %pieces)
  %several = icmp sgt i64 %useful, 1
  br i1 %several, label %process, label %alone

process:                                                        ; a child has no workers, and nobody's region
  %pid.narrow = call i32 @getpid()
  %pid = sext i32 %pid.narrow to i64
  %owner = load atomic i64, ptr @owner acquire, align 8
  %ours = icmp eq i64 %owner, %pid
  br i1 %ours, label %claim, label %adopt
adopt:
  %adopted = call i1 @adopt(i64 %owner, i64 %pid)
  br i1 %adopted, label %claim, label %alone

claim:
  %claimed = cmpxchg ptr @busy, i64 0, i64 1 seq_cst seq_cst, align 8
  %free = extractvalue { i64, i1 } %claimed, 1
  br i1 %free, label %begin, label %alone
begin:
  %wanted = sub i64 %useful, 1
  %helpers = call i64 @staff(i64 %wanted)
  %none = icmp eq i64 %helpers, 0
  br i1 %none, label %unstaffed, label %publish
unstaffed:
  store atomic i64 0, ptr @busy release, align 8
  br label %alone

publish:
  store ptr %body, ptr @body
  store ptr %frame, ptr @frame
  store i64 %pieces, ptr @pieces
  store i64 %helpers, ptr @helpers
  store atomic i64 0, ptr @next monotonic, align 8
  store atomic i64 -1, ptr @failed monotonic, align 8
  %kept = call i32 @fegetenv(ptr @float)
  %before = load i64, ptr @ticket
  %now = add i64 %before, 1
  store i64 %now, ptr @ticket
  store atomic i64 1, ptr @open seq_cst, align 8
  call void @wake(i64 0, i64 %now)
  call void @take(i64 0)
  store atomic i64 0, ptr @open seq_cst, align 8
  call void @await()
  %failed = load atomic i64, ptr @failed monotonic, align 8
  store atomic i64 0, ptr @busy release, align 8
  %fine = icmp eq i64 %failed, -1
  %code = and i64 %failed, 4294967295
  %answer = select i1 %fine, i64 0, i64 %code
  ret i64 %answer

alone:
  %i = phi i64 [ 0, %0 ], [ 0, %adopt ], [ 0, %claim ], [ 0, %unstaffed ], [ %i.next, %alone.next ]
  %more = icmp slt i64 %i, %pieces
  br i1 %more, label %alone.one, label %alone.end
alone.one:
  %alone.code = call i64 %body(ptr %frame, i64 %i, i64 0)
  %alone.fine = icmp eq i64 %alone.code, 0
  br i1 %alone.fine, label %alone.next, label %alone.failed
alone.next:
  %i.next = add i64 %i, 1
  br label %alone
alone.failed:
  ret i64 %alone.code
alone.end:
  ret i64 0
}

; Take over what a fork left behind: whether that was us. Another thread of the new process may be about it.
define internal i1 @adopt(i64 %owner, i64 %pid) #0 {
  %taking = sub i64 0, %pid
  %others = icmp eq i64 %owner, %taking
  br i1 %others, label %no, label %try
try:
  %tried = cmpxchg ptr @owner, i64 %owner, i64 %taking seq_cst seq_cst, align 8
  %won = extractvalue { i64, i1 } %tried, 1
  br i1 %won, label %reset, label %no
reset:
  store i64 0, ptr @started
  store atomic i64 0, ptr @active seq_cst, align 8
  store atomic i64 0, ptr @waiting seq_cst, align 8
  store atomic i64 0, ptr @open seq_cst, align 8
  store atomic i64 0, ptr @busy seq_cst, align 8
  %mutex = call i32 @pthread_mutex_init(ptr @mutex, ptr null)
  %done = call i32 @pthread_cond_init(ptr @done, ptr null)
  store atomic i64 %pid, ptr @owner seq_cst, align 8
  ret i1 true
no:
  ret i1 false
}

; Have so many workers, or as many as the system gives us. The pool is ours.
define internal i64 @staff(i64 %wanted) #0 {
  %all = alloca %Room, align 64
  %old = alloca %Room, align 64
  %closed = load atomic i64, ptr @closed seq_cst, align 8
  %over = icmp ne i64 %closed, 0
  br i1 %over, label %never, label %look
never:
  ret i64 0
look:
  %least = call i64 @llvm.smin.i64(i64 %wanted, i64 256)
  %there = load i64, ptr @started
  %enough = icmp sge i64 %there, %least
  br i1 %enough, label %plenty, label %hire
plenty:
  ret i64 %least
hire:                                                           ; signals are for the threads that Python knows
  %filled = call i32 @sigfillset(ptr %all)
  %mask = load i32, ptr @MASK
  %blocked = call i32 @pthread_sigmask(i32 %mask, ptr %all, ptr %old)
  br label %next
next:
  %k = phi i64 [ %there, %hire ], [ %k.next, %hired ]
  %full = icmp eq i64 %k, %least
  br i1 %full, label %end, label %one
one:
  %worker = getelementptr [256 x %Worker], ptr @workers, i64 0, i64 %k
  store atomic i64 0, ptr %worker seq_cst, align 8
  %asleep = getelementptr %Worker, ptr %worker, i64 0, i32 1
  store atomic i64 0, ptr %asleep seq_cst, align 8
  %condition = getelementptr %Worker, ptr %worker, i64 0, i32 3
  %made = call i32 @pthread_cond_init(ptr %condition, ptr null)
  %thread = getelementptr %Worker, ptr %worker, i64 0, i32 2
  %number = inttoptr i64 %k to ptr
  %error = call i32 @pthread_create(ptr %thread, ptr null, ptr @work, ptr %number)
  %fine = icmp eq i32 %error, 0
  br i1 %fine, label %hired, label %end
hired:
  %k.next = add i64 %k, 1
  br label %next
end:
  store i64 %k, ptr @started
  %unblocked = call i32 @pthread_sigmask(i32 %mask, ptr %old, ptr null)
  ret i64 %k
}

; Until every worker that is inside has left.
define internal void @await() #0 {
  br label %spin
spin:
  %i = phi i64 [ 0, %0 ], [ %i.next, %again ]
  %active = load atomic i64, ptr @active seq_cst, align 8
  %empty = icmp eq i64 %active, 0
  br i1 %empty, label %end, label %more
more:
  %i.next = add i64 %i, 1
  %enough = icmp sgt i64 %i, SPINS
  br i1 %enough, label %sleep, label %again
again:
  call void @relax()
  br label %spin
sleep:
  %locked = call i32 @pthread_mutex_lock(ptr @mutex)
  store atomic i64 1, ptr @waiting seq_cst, align 8
  br label %look
look:
  %left = load atomic i64, ptr @active seq_cst, align 8
  %none = icmp eq i64 %left, 0
  br i1 %none, label %awake, label %doze
doze:
  %dozed = call i32 @pthread_cond_wait(ptr @done, ptr @mutex)
  br label %look
awake:
  store atomic i64 0, ptr @waiting seq_cst, align 8
  %unlocked = call i32 @pthread_mutex_unlock(ptr @mutex)
  br label %end
end:
  ret void
}

; ------------------------------------------------------------------------------------------------------- the workers'

define internal ptr @work(ptr %number) #0 {
  %k = ptrtoint ptr %number to i64
  %worker = getelementptr [256 x %Worker], ptr @workers, i64 0, i64 %k
  %asleep = getelementptr %Worker, ptr %worker, i64 0, i32 1
  %condition = getelementptr %Worker, ptr %worker, i64 0, i32 3
  %slot = add i64 %k, 1
  %left = mul i64 %k, 2
  %first = add i64 %left, 1
  %second = add i64 %left, 2
  br label %free

free:
  %seen = phi i64 [ 0, %0 ], [ %ticket, %away ]
  br label %spin
spin:
  %i = phi i64 [ 0, %free ], [ %i.next, %again ]
  %ticket.spun = load atomic i64, ptr %worker seq_cst, align 8
  %called = icmp ne i64 %ticket.spun, %seen
  br i1 %called, label %come, label %more
more:
  %i.next = add i64 %i, 1
  %enough = icmp sgt i64 %i, SPINS
  br i1 %enough, label %sleep, label %again
again:
  call void @relax()
  br label %spin

sleep:
  %locked = call i32 @pthread_mutex_lock(ptr @mutex)
  store atomic i64 1, ptr %asleep seq_cst, align 8
  br label %look
look:
  %ticket.slept = load atomic i64, ptr %worker seq_cst, align 8
  %roused = icmp ne i64 %ticket.slept, %seen
  br i1 %roused, label %awake, label %doze
doze:
  %dozed = call i32 @pthread_cond_wait(ptr %condition, ptr @mutex)
  br label %look
awake:
  store atomic i64 0, ptr %asleep seq_cst, align 8
  %unlocked = call i32 @pthread_mutex_unlock(ptr @mutex)
  br label %come

come:
  %ticket = phi i64 [ %ticket.spun, %spin ], [ %ticket.slept, %awake ]
  %dismissed = icmp eq i64 %ticket, -1
  br i1 %dismissed, label %end, label %enter
enter:
  %entered = atomicrmw add ptr @active, i64 1 seq_cst, align 8
  %open = load atomic i64, ptr @open seq_cst, align 8
  %late = icmp eq i64 %open, 0
  br i1 %late, label %leave, label %help
help:                                                           ; each wakes two more: all are awake sooner than one by one
  call void @wake(i64 %first, i64 %ticket)
  call void @wake(i64 %second, i64 %ticket)
  %rounds = call i32 @fesetenv(ptr @float)
  call void @take(i64 %slot)
  br label %leave
leave:
  %inside = atomicrmw sub ptr @active, i64 1 seq_cst, align 8
  %last = icmp eq i64 %inside, 1
  br i1 %last, label %tell, label %away
tell:
  %waiting = load atomic i64, ptr @waiting seq_cst, align 8
  %awaited = icmp ne i64 %waiting, 0
  br i1 %awaited, label %signal, label %away
signal:
  %held = call i32 @pthread_mutex_lock(ptr @mutex)
  %told = call i32 @pthread_cond_signal(ptr @done)
  %given = call i32 @pthread_mutex_unlock(ptr @mutex)
  br label %away
away:
  br label %free

end:
  ret ptr null
}

; Pieces, until none is left or one has failed. Those before one that failed were all taken before it.
define internal void @take(i64 %slot) #0 {
  %body = load ptr, ptr @body
  %frame = load ptr, ptr @frame
  %pieces = load i64, ptr @pieces
  br label %next
next:
  %piece = atomicrmw add ptr @next, i64 1 seq_cst, align 8
  %more = icmp slt i64 %piece, %pieces
  br i1 %more, label %one, label %end
one:
  %code = call i64 %body(ptr %frame, i64 %piece, i64 %slot)
  %fine = icmp eq i64 %code, 0
  br i1 %fine, label %next, label %bad
bad:
  %shifted = shl i64 %piece, 32
  %both = or i64 %shifted, %code
  %least = atomicrmw umin ptr @failed, i64 %both seq_cst, align 8
  store atomic i64 %pieces, ptr @next seq_cst, align 8
  br label %end
end:
  ret void
}

; Call a worker, if it is one of those that are to come.
define internal void @wake(i64 %k, i64 %ticket) #0 {
  %helpers = load i64, ptr @helpers
  %wanted = icmp slt i64 %k, %helpers
  br i1 %wanted, label %call, label %end
call:
  call void @rouse(i64 %k, i64 %ticket)
  br label %end
end:
  ret void
}

define internal void @rouse(i64 %k, i64 %ticket) #0 {
  %worker = getelementptr [256 x %Worker], ptr @workers, i64 0, i64 %k
  store atomic i64 %ticket, ptr %worker seq_cst, align 8
  %asleep.at = getelementptr %Worker, ptr %worker, i64 0, i32 1
  %asleep = load atomic i64, ptr %asleep.at seq_cst, align 8
  %sleeps = icmp ne i64 %asleep, 0
  br i1 %sleeps, label %signal, label %end
signal:
  %condition = getelementptr %Worker, ptr %worker, i64 0, i32 3
  %locked = call i32 @pthread_mutex_lock(ptr @mutex)
  %told = call i32 @pthread_cond_signal(ptr %condition)
  %unlocked = call i32 @pthread_mutex_unlock(ptr @mutex)
  br label %end
end:
  ret void
}

; ------------------------------------------------------------------------------------------------------------ the end

; Send the workers home and wait for them; regions after that are done alone. Not to be called from a piece.
define void @edgewise_end() #0 {
  store atomic i64 1, ptr @closed seq_cst, align 8
  %pid.narrow = call i32 @getpid()
  %pid = sext i32 %pid.narrow to i64
  %owner = load atomic i64, ptr @owner acquire, align 8
  %ours = icmp eq i64 %owner, %pid
  br i1 %ours, label %claim, label %end
claim:
  %claimed = cmpxchg ptr @busy, i64 0, i64 1 seq_cst seq_cst, align 8
  %free = extractvalue { i64, i1 } %claimed, 1
  br i1 %free, label %dismiss, label %wait
wait:
  %yielded = call i32 @sched_yield()
  br label %claim
dismiss:
  %started = load i64, ptr @started
  br label %dismiss.next
dismiss.next:
  %k = phi i64 [ 0, %dismiss ], [ %k.next, %dismiss.one ]
  %all = icmp eq i64 %k, %started
  br i1 %all, label %join.next, label %dismiss.one
dismiss.one:
  call void @rouse(i64 %k, i64 -1)
  %k.next = add i64 %k, 1
  br label %dismiss.next
join.next:
  %j = phi i64 [ 0, %dismiss.next ], [ %j.next, %join.one ]
  %gone = icmp eq i64 %j, %started
  br i1 %gone, label %release, label %join.one
join.one:
  %thread.at = getelementptr [256 x %Worker], ptr @workers, i64 0, i64 %j, i32 2
  %thread = load i64, ptr %thread.at
  %joined = call i32 @pthread_join(i64 %thread, ptr null)
  %j.next = add i64 %j, 1
  br label %join.next
release:
  store i64 0, ptr @started
  store atomic i64 0, ptr @busy release, align 8
  br label %end
end:
  ret void
}

; How many workers there are in this process; for tests.
define i64 @edgewise_workers() #0 {
  %pid.narrow = call i32 @getpid()
  %pid = sext i32 %pid.narrow to i64
  %owner = load atomic i64, ptr @owner acquire, align 8
  %ours = icmp eq i64 %owner, %pid
  %started = load atomic i64, ptr @started seq_cst, align 8
  %count = select i1 %ours, i64 %started, i64 0
  ret i64 %count
}

attributes #0 = { nounwind }
