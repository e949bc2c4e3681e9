"""From operations of a program to LLVM text.

Read from the top: ``division`` divides a program, ``assembly`` writes the sections one after the other.

sections    stretches of machine code, and calls of NumPy between them
division    which operations share a section, and what stays with NumPy
bands       which sections take turns, block of rows by block of rows
assembly    sections become text
storage     where values are: in registers, in memory, or both
table       the addresses that a kernel is called with
arena       scratch memory, shared by values that do not live at the same time
body        a function being written: numbers in registers, in memory, or known

unrolled    operations on few numbers, written out
wiring      movements of few numbers, which are no instruction
folding     sums, extremes and products of few numbers

entries     operations as the body of loops
views       movements and indexing as strides
packing     arrays put together from parts
nests       what a nest of loops reads, computes, stores and folds
graphs      the nests of a section
rowwise     short rows of numbers in vector registers; records: what the steps of a loop leave for later
order       the order of the loops
loops       the loops themselves, in lanes: looping, offsets and lanes are what they are written with
tiling      which tile of results a fold keeps in registers; tile_costs says what one costs
crossing    arrays that lie crosswise, square by square
tiles       loops with such a tile; points has what is known in them
costs       what loops cost, by a model
pieces      which loops are done in pieces, for several threads
regions     loops in pieces, and what they fold put together

scalars     how an operation acts on numbers of which dtypes
arithmetic, questions, remainders, composed     the instructions of each
kinds       dtypes in registers and in memory
names       which primitive is which of NumPy's functions
"""
