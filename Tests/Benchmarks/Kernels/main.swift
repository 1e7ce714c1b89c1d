import Benchmark
import Foundation
import Tensors

// One thread: figures of a core, which do not depend on how the cores share the memory.
let device = Device(threadCount: 1)
let arrays = Arrays(device)
let cases =
    ElementwiseCases.all(arrays) + MatrixCases.all(arrays, device) + RowCases.all(arrays, device)

let suite = BenchmarkSuite(name: "kernels")
for kernel in cases { suite.benchmark(kernel.name) { kernel.run() } }

let limits = Limits.measure(arrays)
var runner = BenchmarkRunner(
    suites: [suite], settings: parseArguments() + [Format(.none), Quiet(true)],
    customDefaults: defaultSettings + [MinTime(seconds: 0.3), WarmupIterations(2)])
try runner.run()
print(KernelTable(limits: limits, cases: cases, results: runner.results).text)
