; The call gate in C's place: one function that CPython calls by the METH_FASTCALL | METH_KEYWORDS convention, for all.
;
; Start with @gate. What a gate is made of lies in a table that native.py writes (%Gate, %Wanted and %Result below have
; their twins there); `self` is a tuple that holds the table, the fallback, what is captured, what is called where there
; are keywords, and what must stay alive.
; Structs of CPython and NumPy are read where layout.py has found them to be like this. LLVM's middle end is not run, so
; that the text is written as it should be executed.

%Object = type { i64, ptr }                                     ; references, type
%Number = type { %Object, [0 x i8] }                            ; the value of a float or of one of NumPy's scalars
%Array  = type { %Object, ptr, i32, ptr, ptr, ptr, ptr, i32 }   ; data, axes, shape, strides, base, descriptor, flags
%Descr  = type { %Object, ptr, i8, i8, i8, i8, i32 }            ; scalar type, kind, letter, byte order, -, number of the type

%Gate   = type { i64, i64, ptr,                                 ; arguments, captured, what both must be
                 i64, ptr,                                      ; results, what they are
                 i64, ptr,                                      ; steps of building what is returned, the steps
                 i64, ptr, i64,                                 ; addresses in the kernel's table, the kernel, release
                 i64, ptr, i64 }                                ; bytes of the arena, the arena, whether it is taken
%Wanted = type { i64, ptr, i64,                                 ; kind, type (or the object itself), place in the table
                 ptr, i32, i32,                                 ; of an array: descriptor, number of its type, flags
                 i64, ptr, ptr }                                ; axes, shape, strides or null
%Result = type { i64, ptr, i64,                                 ; kind, descriptor (or the object itself), place
                 i64, ptr, ptr }                                ; of an array: axes, shape, strides or null

%Room   = type [16 x i8]                                        ; of a scalar: none is longer than two doubles

@PyArray_Type = external global i8
@true = external global i8                                      ; Python's True

declare ptr @PyArray_NewFromDescr(ptr, ptr, i32, ptr, ptr, ptr, i32, ptr)
declare ptr @PyArray_Scalar(ptr, ptr, ptr)
declare ptr @PyErr_NoMemory()
declare ptr @PyEval_SaveThread()
declare void @PyEval_RestoreThread(ptr)
declare ptr @PyLong_FromLongLong(i64)
declare i64 @PyLong_AsLongLongAndOverflow(ptr, ptr)
declare ptr @PyMem_RawMalloc(i64)
declare void @PyMem_RawFree(ptr)
declare i32 @PyObject_RichCompareBool(ptr, ptr, i32)            ; 2: ==
declare ptr @PyObject_Vectorcall(ptr, ptr, i64, ptr)
declare ptr @PyTuple_GetItem(ptr, i64)                          ; borrowed
declare ptr @PyTuple_New(i64)
declare i32 @PyTuple_SetItem(ptr, i64, ptr)                     ; takes the reference; cannot fail in a new tuple
declare ptr @PyWeakref_NewRef(ptr, ptr)
declare void @Py_IncRef(ptr)
declare void @Py_DecRef(ptr)                                    ; null is fine

; ------------------------------------------------------------------------------------------------------- a whole call

define ptr @gate(ptr %self, ptr %args, i64 %given, ptr %names) #0 {
  %plain = icmp eq ptr %names, null
  br i1 %plain, label %positional, label %named

named:                                                          ; as it was called, keywords and all
  %keywords = call ptr @PyTuple_GetItem(ptr %self, i64 3)
  %named.answer = call ptr @PyObject_Vectorcall(ptr %keywords, ptr %args, i64 %given, ptr %names)
  ret ptr %named.answer

positional:
  %holder = call ptr @PyTuple_GetItem(ptr %self, i64 0)
  %gate.at = getelementptr %Array, ptr %holder, i64 0, i32 1
  %gate = load ptr, ptr %gate.at
  %count = load i64, ptr %gate
  %complete = icmp eq i64 %given, %count
  br i1 %complete, label %begin, label %mismatch

begin:
  %wanted.at = getelementptr %Gate, ptr %gate, i64 0, i32 2
  %wanted = load ptr, ptr %wanted.at
  %results.at = getelementptr %Gate, ptr %gate, i64 0, i32 3
  %results = load i64, ptr %results.at
  %result.at = getelementptr %Gate, ptr %gate, i64 0, i32 4
  %result = load ptr, ptr %result.at
  %places.at = getelementptr %Gate, ptr %gate, i64 0, i32 7
  %places = load i64, ptr %places.at
  %table = alloca ptr, i64 %places, align 16
  %rooms = alloca %Room, i64 %places, align 16
  %made = alloca ptr, i64 %results, align 16
  br label %arguments

arguments:                                                      ; every argument is what the kernel was made for
  %i = phi i64 [ 0, %begin ], [ %i.next, %argument.admitted ]
  %i.end = icmp eq i64 %i, %count
  br i1 %i.end, label %captures, label %argument
argument:
  %argument.at = getelementptr ptr, ptr %args, i64 %i
  %argument.object = load ptr, ptr %argument.at
  %argument.wanted = getelementptr %Wanted, ptr %wanted, i64 %i
  %argument.ok = call i1 @admits(ptr %argument.wanted, ptr %argument.object, ptr %table, ptr %rooms)
  br i1 %argument.ok, label %argument.admitted, label %mismatch
argument.admitted:
  %i.next = add i64 %i, 1
  br label %arguments

captures:                                                       ; and so is everything that it reads beside them
  %captures.at = getelementptr %Gate, ptr %gate, i64 0, i32 1
  %captures.count = load i64, ptr %captures.at
  %captures.none = icmp eq i64 %captures.count, 0
  br i1 %captures.none, label %outputs.begin, label %captures.some
captures.some:
  %captured = call ptr @PyTuple_GetItem(ptr %self, i64 2)
  br label %capture.next
capture.next:
  %c = phi i64 [ 0, %captures.some ], [ %c.next, %capture.admitted ]
  %c.end = icmp eq i64 %c, %captures.count
  br i1 %c.end, label %outputs.begin, label %capture
capture:
  %capture.object = call ptr @PyTuple_GetItem(ptr %captured, i64 %c)
  %capture.index = add i64 %count, %c
  %capture.wanted = getelementptr %Wanted, ptr %wanted, i64 %capture.index
  %capture.ok = call i1 @admits(ptr %capture.wanted, ptr %capture.object, ptr %table, ptr %rooms)
  br i1 %capture.ok, label %capture.admitted, label %mismatch
capture.admitted:
  %c.next = add i64 %c, 1
  br label %capture.next

outputs.begin:                                                  ; fresh memory for every result
  br label %outputs
outputs:
  %r = phi i64 [ 0, %outputs.begin ], [ %r.next, %output.made ]
  %r.end = icmp eq i64 %r, %results
  br i1 %r.end, label %scratch, label %output
output:
  %output.result = getelementptr %Result, ptr %result, i64 %r
  %output.object = call ptr @fresh(ptr %output.result, ptr %table, ptr %rooms)
  %output.at = getelementptr ptr, ptr %made, i64 %r
  store ptr %output.object, ptr %output.at
  %output.kind = load i64, ptr %output.result
  %output.scalar = icmp eq i64 %output.kind, 1                  ; has none until the kernel ran
  %output.null = icmp eq ptr %output.object, null
  %output.real = xor i1 %output.scalar, true
  %output.failed = and i1 %output.null, %output.real
  br i1 %output.failed, label %outputs.failed, label %output.made
output.made:
  %r.next = add i64 %r, 1
  br label %outputs
outputs.failed:
  call void @drop(ptr %made, i64 %r)
  ret ptr null

scratch:                                                        ; the arena, or memory of this call where it is taken
  %arena.size.at = getelementptr %Gate, ptr %gate, i64 0, i32 10
  %arena.size = load i64, ptr %arena.size.at
  %arena.at = getelementptr %Gate, ptr %gate, i64 0, i32 11
  %arena = load ptr, ptr %arena.at
  %taken.at = getelementptr %Gate, ptr %gate, i64 0, i32 12
  %arena.none = icmp eq i64 %arena.size, 0
  br i1 %arena.none, label %run, label %arena.wanted
arena.wanted:
  %arena.place = sub i64 %places, 1
  %arena.slot = getelementptr ptr, ptr %table, i64 %arena.place
  %taken = load i64, ptr %taken.at
  %arena.free = icmp eq i64 %taken, 0
  br i1 %arena.free, label %arena.take, label %arena.own
arena.take:
  store i64 1, ptr %taken.at
  store ptr %arena, ptr %arena.slot
  br label %run
arena.own:
  %own.size = add i64 %arena.size, 64
  %own.memory = call ptr @PyMem_RawMalloc(i64 %own.size)
  %own.null = icmp eq ptr %own.memory, null
  br i1 %own.null, label %arena.failed, label %own.align
own.align:
  %own.address = ptrtoint ptr %own.memory to i64
  %own.up = add i64 %own.address, 63
  %own.down = and i64 %own.up, -64
  %own.aligned = inttoptr i64 %own.down to ptr
  store ptr %own.aligned, ptr %arena.slot
  br label %run
arena.failed:
  %no.memory = call ptr @PyErr_NoMemory()
  br label %failed

run:
  %own = phi ptr [ null, %scratch ], [ null, %arena.take ], [ %own.memory, %own.align ]
  %took = phi i64 [ 0, %scratch ], [ 1, %arena.take ], [ 0, %own.align ]
  %kernel.at = getelementptr %Gate, ptr %gate, i64 0, i32 8
  %kernel = load ptr, ptr %kernel.at
  %release.at = getelementptr %Gate, ptr %gate, i64 0, i32 9
  %release = load i64, ptr %release.at
  %holding = icmp eq i64 %release, 0
  br i1 %holding, label %run.holding, label %run.released
run.holding:
  %code.held = call i64 %kernel(ptr %table)
  br label %ran
run.released:                                                   ; no array is resized meanwhile: somebody looks at it
  %weak.captures.at = getelementptr %Gate, ptr %gate, i64 0, i32 1
  %weak.captures = load i64, ptr %weak.captures.at
  %weak.most = add i64 %count, %weak.captures
  %weak = alloca ptr, i64 %weak.most, align 16
  %weak.tuple = call ptr @PyTuple_GetItem(ptr %self, i64 2)
  br label %weak.next
weak.next:
  %w = phi i64 [ 0, %run.released ], [ %w.next, %weak.kept ]
  %w.end = icmp eq i64 %w, %weak.most
  br i1 %w.end, label %leave, label %weak.one
weak.one:
  %weak.at = getelementptr ptr, ptr %weak, i64 %w
  %weak.wanted = getelementptr %Wanted, ptr %wanted, i64 %w
  %weak.kind = load i64, ptr %weak.wanted
  %weak.array = icmp eq i64 %weak.kind, 0
  br i1 %weak.array, label %weak.find, label %weak.skip
weak.skip:
  store ptr null, ptr %weak.at
  br label %weak.kept
weak.find:
  %weak.given = icmp slt i64 %w, %count
  br i1 %weak.given, label %weak.argument, label %weak.capture
weak.argument:
  %weak.argument.at = getelementptr ptr, ptr %args, i64 %w
  %weak.argument.object = load ptr, ptr %weak.argument.at
  br label %weak.make
weak.capture:
  %weak.index = sub i64 %w, %count
  %weak.capture.object = call ptr @PyTuple_GetItem(ptr %weak.tuple, i64 %weak.index)
  br label %weak.make
weak.make:
  %weak.object = phi ptr [ %weak.argument.object, %weak.argument ], [ %weak.capture.object, %weak.capture ]
  %weak.reference = call ptr @PyWeakref_NewRef(ptr %weak.object, ptr null)
  store ptr %weak.reference, ptr %weak.at
  %weak.null = icmp eq ptr %weak.reference, null
  br i1 %weak.null, label %weak.failed, label %weak.kept
weak.kept:
  %w.next = add i64 %w, 1
  br label %weak.next
weak.failed:                                                    ; with an exception set
  call void @drop(ptr %weak, i64 %w)
  br label %ran
leave:
  %thread = call ptr @PyEval_SaveThread()
  %code.released = call i64 %kernel(ptr %table)
  call void @PyEval_RestoreThread(ptr %thread)
  call void @drop(ptr %weak, i64 %weak.most)
  br label %ran
ran:
  %code = phi i64 [ %code.held, %run.holding ], [ %code.released, %leave ], [ -1, %weak.failed ]
  %gives = icmp ne i64 %took, 0
  br i1 %gives, label %arena.give, label %own.look
arena.give:
  store i64 0, ptr %taken.at
  br label %verdict
own.look:
  %own.none = icmp eq ptr %own, null
  br i1 %own.none, label %verdict, label %own.free
own.free:
  call void @PyMem_RawFree(ptr %own)
  br label %verdict

verdict:
  %done = icmp eq i64 %code, 0
  br i1 %done, label %scalars, label %undone
undone:
  %raised = icmp slt i64 %code, 0
  br i1 %raised, label %failed, label %guard
guard:
  call void @drop(ptr %made, i64 %results)
  %guarded = call ptr @hand_over(ptr %self, i64 %code, ptr %args, i64 %given)
  ret ptr %guarded

scalars:                                                        ; what the kernel left in rooms becomes NumPy's scalars
  %s = phi i64 [ 0, %verdict ], [ %s.next, %scalar.next ]
  %s.end = icmp eq i64 %s, %results
  br i1 %s.end, label %build, label %scalar
scalar:
  %scalar.result = getelementptr %Result, ptr %result, i64 %s
  %scalar.kind = load i64, ptr %scalar.result
  %scalar.is = icmp eq i64 %scalar.kind, 1
  br i1 %scalar.is, label %scalar.make, label %scalar.next
scalar.make:
  %scalar.descr.at = getelementptr %Result, ptr %scalar.result, i64 0, i32 1
  %scalar.descr = load ptr, ptr %scalar.descr.at
  %scalar.place.at = getelementptr %Result, ptr %scalar.result, i64 0, i32 2
  %scalar.place = load i64, ptr %scalar.place.at
  %scalar.room = getelementptr %Room, ptr %rooms, i64 %scalar.place
  %scalar.object = call ptr @PyArray_Scalar(ptr %scalar.room, ptr %scalar.descr, ptr null)
  %scalar.at = getelementptr ptr, ptr %made, i64 %s
  store ptr %scalar.object, ptr %scalar.at
  %scalar.null = icmp eq ptr %scalar.object, null
  br i1 %scalar.null, label %failed, label %scalar.next
scalar.next:
  %s.next = add i64 %s, 1
  br label %scalars

build:                                                          ; a stack in %made itself, since it never holds more
  %steps.at = getelementptr %Gate, ptr %gate, i64 0, i32 5
  %steps = load i64, ptr %steps.at
  %step.at = getelementptr %Gate, ptr %gate, i64 0, i32 6
  %step = load ptr, ptr %step.at
  br label %step.next
step.next:
  %b = phi i64 [ 0, %build ], [ %b.push, %push ], [ %b.pack, %packed ]
  %top = phi i64 [ 0, %build ], [ %top.push, %push ], [ %top.pack, %packed ]
  %next = phi i64 [ 0, %build ], [ %next.push, %push ], [ %next, %packed ]
  %b.end = icmp eq i64 %b, %steps
  br i1 %b.end, label %finished, label %act
act:
  %act.at = getelementptr i64, ptr %step, i64 %b
  %length = load i64, ptr %act.at
  %pushes = icmp slt i64 %length, 0
  br i1 %pushes, label %push, label %pack
push:
  %push.from = getelementptr ptr, ptr %made, i64 %next
  %pushed = load ptr, ptr %push.from
  %push.to = getelementptr ptr, ptr %made, i64 %top
  store ptr %pushed, ptr %push.to
  %b.push = add i64 %b, 1
  %top.push = add i64 %top, 1
  %next.push = add i64 %next, 1
  br label %step.next
pack:
  %tuple = call ptr @PyTuple_New(i64 %length)
  %tuple.null = icmp eq ptr %tuple, null
  br i1 %tuple.null, label %pack.failed, label %pack.fill
pack.fill:
  %first = sub i64 %top, %length
  %from = getelementptr ptr, ptr %made, i64 %first
  call void @move(ptr %tuple, ptr %from, i64 %length)
  br label %packed
packed:
  store ptr %tuple, ptr %from
  %b.pack = add i64 %b, 1
  %top.pack = add i64 %first, 1
  br label %step.next
finished:
  %returned = load ptr, ptr %made
  ret ptr %returned

pack.failed:                                                    ; what is in use: below %top, and from %next on
  %f = phi i64 [ %top, %pack ], [ %f.next, %pack.blank ]
  %f.end = icmp eq i64 %f, %next
  br i1 %f.end, label %failed, label %pack.blank
pack.blank:
  %blank.at = getelementptr ptr, ptr %made, i64 %f
  store ptr null, ptr %blank.at
  %f.next = add i64 %f, 1
  br label %pack.failed

failed:                                                         ; with an exception set
  call void @drop(ptr %made, i64 %results)
  ret ptr null

mismatch:
  %handed = call ptr @hand_over(ptr %self, i64 0, ptr %args, i64 %given)
  ret ptr %handed
}

; ---------------------------------------------------------------------------------------------------------- its parts

; Whether an object is what is wanted; if so, the address of its data is put into the table.
define internal i1 @admits(ptr %wanted, ptr %object, ptr %table, ptr %rooms) #0 {
  %overflow = alloca i32
  %kind = load i64, ptr %wanted
  %type.at = getelementptr %Wanted, ptr %wanted, i64 0, i32 1
  %type = load ptr, ptr %type.at
  %place.at = getelementptr %Wanted, ptr %wanted, i64 0, i32 2
  %place = load i64, ptr %place.at
  %slot = getelementptr ptr, ptr %table, i64 %place
  %is.same = icmp uge i64 %kind, 4
  br i1 %is.same, label %same, label %typed
same:
  %identical = icmp eq ptr %object, %type
  br i1 %identical, label %yes, label %same.look
same.look:                                                      ; an equal integer or text does as well
  %by.value = icmp eq i64 %kind, 5
  br i1 %by.value, label %equal.type, label %no
equal.type:
  %equal.has.at = getelementptr %Object, ptr %object, i64 0, i32 1
  %equal.has = load ptr, ptr %equal.has.at
  %equal.wanted.at = getelementptr %Object, ptr %type, i64 0, i32 1
  %equal.wanted = load ptr, ptr %equal.wanted.at
  %equal.types = icmp eq ptr %equal.has, %equal.wanted
  br i1 %equal.types, label %equal.values, label %no
equal.values:                                                   ; no code of anybody's: the type is exact
  %compared = call i32 @PyObject_RichCompareBool(ptr %object, ptr %type, i32 2)
  %equals = icmp eq i32 %compared, 1
  ret i1 %equals
yes:
  ret i1 true
typed:
  %has.at = getelementptr %Object, ptr %object, i64 0, i32 1
  %has = load ptr, ptr %has.at
  %exact = icmp eq ptr %has, %type
  br i1 %exact, label %known, label %no
known:
  switch i64 %kind, label %no [
    i64 0, label %array
    i64 1, label %number
    i64 2, label %integer
    i64 3, label %truth
  ]

number:                                                         ; the value lies in the object
  %number.value = getelementptr %Number, ptr %object, i64 0, i32 1
  store ptr %number.value, ptr %slot
  ret i1 true
integer:
  %integer.value = call i64 @PyLong_AsLongLongAndOverflow(ptr %object, ptr %overflow)
  %integer.room = getelementptr %Room, ptr %rooms, i64 %place
  store i64 %integer.value, ptr %integer.room
  store ptr %integer.room, ptr %slot
  %over = load i32, ptr %overflow
  %fits = icmp eq i32 %over, 0
  ret i1 %fits
truth:
  %truth.value = icmp eq ptr %object, @true
  %truth.byte = zext i1 %truth.value to i8
  %truth.room = getelementptr %Room, ptr %rooms, i64 %place
  store i8 %truth.byte, ptr %truth.room
  store ptr %truth.room, ptr %slot
  ret i1 true

array:
  %axes.at = getelementptr %Array, ptr %object, i64 0, i32 2
  %axes.narrow = load i32, ptr %axes.at
  %axes = sext i32 %axes.narrow to i64
  %wanted.axes.at = getelementptr %Wanted, ptr %wanted, i64 0, i32 6
  %wanted.axes = load i64, ptr %wanted.axes.at
  %rank = icmp eq i64 %axes, %wanted.axes
  br i1 %rank, label %flags, label %no
flags:                                                          ; aligned, and contiguous where that is wanted
  %flags.at = getelementptr %Array, ptr %object, i64 0, i32 7
  %flags.set = load i32, ptr %flags.at
  %wanted.flags.at = getelementptr %Wanted, ptr %wanted, i64 0, i32 5
  %wanted.flags = load i32, ptr %wanted.flags.at
  %flags.both = and i32 %flags.set, %wanted.flags
  %flagged = icmp eq i32 %flags.both, %wanted.flags
  br i1 %flagged, label %dtype, label %no
dtype:
  %descr.at = getelementptr %Array, ptr %object, i64 0, i32 6
  %descr = load ptr, ptr %descr.at
  %wanted.descr.at = getelementptr %Wanted, ptr %wanted, i64 0, i32 3
  %wanted.descr = load ptr, ptr %wanted.descr.at
  %usual = icmp eq ptr %descr, %wanted.descr
  br i1 %usual, label %axes.next, label %dtype.look
dtype.look:                                                     ; an equal dtype of its own: unpickled, or with metadata
  %number.at = getelementptr %Descr, ptr %descr, i64 0, i32 6
  %number.has = load i32, ptr %number.at
  %wanted.number.at = getelementptr %Wanted, ptr %wanted, i64 0, i32 4
  %wanted.number = load i32, ptr %wanted.number.at
  %order.at = getelementptr %Descr, ptr %descr, i64 0, i32 4
  %order = load i8, ptr %order.at
  %alike = icmp eq i32 %number.has, %wanted.number
  %ordered = icmp ne i8 %order, 62                               ; '>': the others, '=' and '|' and '<', are native here
  %equal = and i1 %alike, %ordered
  br i1 %equal, label %axes.next, label %no

axes.next:
  %a = phi i64 [ 0, %dtype ], [ 0, %dtype.look ], [ %a.next, %axis.right ]
  %a.end = icmp eq i64 %a, %axes
  br i1 %a.end, label %data, label %axis
axis:
  %shape.at = getelementptr %Array, ptr %object, i64 0, i32 3
  %shape = load ptr, ptr %shape.at
  %length.at = getelementptr i64, ptr %shape, i64 %a
  %length = load i64, ptr %length.at
  %wanted.shape.at = getelementptr %Wanted, ptr %wanted, i64 0, i32 7
  %wanted.shape = load ptr, ptr %wanted.shape.at
  %wanted.length.at = getelementptr i64, ptr %wanted.shape, i64 %a
  %wanted.length = load i64, ptr %wanted.length.at
  %long = icmp eq i64 %length, %wanted.length
  br i1 %long, label %stride, label %no
stride:                                                         ; of no account where no second entry is
  %wanted.strides.at = getelementptr %Wanted, ptr %wanted, i64 0, i32 8
  %wanted.strides = load ptr, ptr %wanted.strides.at
  %strides.any = icmp eq ptr %wanted.strides, null
  %single = icmp eq i64 %length, 1
  %stride.any = or i1 %strides.any, %single
  br i1 %stride.any, label %axis.right, label %stride.look
stride.look:
  %strides.at = getelementptr %Array, ptr %object, i64 0, i32 4
  %strides = load ptr, ptr %strides.at
  %stride.at = getelementptr i64, ptr %strides, i64 %a
  %stride.has = load i64, ptr %stride.at
  %wanted.stride.at = getelementptr i64, ptr %wanted.strides, i64 %a
  %wanted.stride = load i64, ptr %wanted.stride.at
  %strided = icmp eq i64 %stride.has, %wanted.stride
  br i1 %strided, label %axis.right, label %no
axis.right:
  %a.next = add i64 %a, 1
  br label %axes.next

data:
  %data.at = getelementptr %Array, ptr %object, i64 0, i32 1
  %data.found = load ptr, ptr %data.at
  store ptr %data.found, ptr %slot
  ret i1 true
no:
  ret i1 false
}

; A result before the kernel runs: an array, a constant; null for a scalar, which gets a room, and null for want of memory.
define internal ptr @fresh(ptr %result, ptr %table, ptr %rooms) #0 {
  %kind = load i64, ptr %result
  %value.at = getelementptr %Result, ptr %result, i64 0, i32 1
  %value = load ptr, ptr %value.at
  %place.at = getelementptr %Result, ptr %result, i64 0, i32 2
  %place = load i64, ptr %place.at
  %slot = getelementptr ptr, ptr %table, i64 %place
  switch i64 %kind, label %constant [
    i64 0, label %array
    i64 1, label %scalar
  ]
constant:
  call void @Py_IncRef(ptr %value)
  ret ptr %value
scalar:
  %room = getelementptr %Room, ptr %rooms, i64 %place
  store ptr %room, ptr %slot
  ret ptr null
array:
  %axes.at = getelementptr %Result, ptr %result, i64 0, i32 3
  %axes.wide = load i64, ptr %axes.at
  %axes = trunc i64 %axes.wide to i32
  %shape.at = getelementptr %Result, ptr %result, i64 0, i32 4
  %shape = load ptr, ptr %shape.at
  %strides.at = getelementptr %Result, ptr %result, i64 0, i32 5
  %strides = load ptr, ptr %strides.at
  call void @Py_IncRef(ptr %value)                              ; NumPy takes this reference, also where it fails
  %object = call ptr @PyArray_NewFromDescr(ptr @PyArray_Type, ptr %value, i32 %axes, ptr %shape, ptr %strides, ptr null, i32 0, ptr null)
  %null = icmp eq ptr %object, null
  br i1 %null, label %none, label %made
made:
  %data.at = getelementptr %Array, ptr %object, i64 0, i32 1
  %data = load ptr, ptr %data.at
  store ptr %data, ptr %slot
  ret ptr %object
none:
  ret ptr null
}

; fallback(code, args)
define internal ptr @hand_over(ptr %self, i64 %code, ptr %args, i64 %given) #0 {
  %call = alloca [2 x ptr]
  %call.args = getelementptr [2 x ptr], ptr %call, i64 0, i64 1
  %fallback = call ptr @PyTuple_GetItem(ptr %self, i64 1)
  %tuple = call ptr @PyTuple_New(i64 %given)
  store ptr %tuple, ptr %call.args
  %tuple.null = icmp eq ptr %tuple, null
  br i1 %tuple.null, label %none, label %next
next:
  %i = phi i64 [ 0, %0 ], [ %i.next, %argument ]
  %end = icmp eq i64 %i, %given
  br i1 %end, label %number, label %argument
argument:
  %from = getelementptr ptr, ptr %args, i64 %i
  %object = load ptr, ptr %from
  call void @Py_IncRef(ptr %object)
  %set = call i32 @PyTuple_SetItem(ptr %tuple, i64 %i, ptr %object)
  %i.next = add i64 %i, 1
  br label %next
number:
  %told = call ptr @PyLong_FromLongLong(i64 %code)
  store ptr %told, ptr %call
  %told.null = icmp eq ptr %told, null
  br i1 %told.null, label %forget, label %ask
ask:
  %answer = call ptr @PyObject_Vectorcall(ptr %fallback, ptr %call, i64 2, ptr null)
  call void @Py_DecRef(ptr %told)
  br label %forget
forget:
  %returned = phi ptr [ null, %number ], [ %answer, %ask ]
  call void @Py_DecRef(ptr %tuple)
  ret ptr %returned
none:
  ret ptr null
}

define internal void @drop(ptr %objects, i64 %count) #0 {
  br label %next
next:
  %i = phi i64 [ 0, %0 ], [ %i.next, %one ]
  %end = icmp eq i64 %i, %count
  br i1 %end, label %done, label %one
one:
  %at = getelementptr ptr, ptr %objects, i64 %i
  %object = load ptr, ptr %at
  call void @Py_DecRef(ptr %object)
  %i.next = add i64 %i, 1
  br label %next
done:
  ret void
}

; The references are the tuple's from here on.
define internal void @move(ptr %tuple, ptr %from, i64 %count) #0 {
  br label %next
next:
  %i = phi i64 [ 0, %0 ], [ %i.next, %one ]
  %end = icmp eq i64 %i, %count
  br i1 %end, label %done, label %one
one:
  %at = getelementptr ptr, ptr %from, i64 %i
  %object = load ptr, ptr %at
  %set = call i32 @PyTuple_SetItem(ptr %tuple, i64 %i, ptr %object)
  %i.next = add i64 %i, 1
  br label %next
done:
  ret void
}

attributes #0 = { nounwind }
