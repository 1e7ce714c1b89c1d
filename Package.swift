// swift-tools-version: 6.1
import PackageDescription

// Targets stand in the order in which the data flows; a target depends only on targets above it.

let argumentParser = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")
let collections = Target.Dependency.product(name: "Collections", package: "swift-collections")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

// The kernels are auto-vectorised C: without -O3 even a debug build could not run a test.
#if arch(x86_64)
    // Without it clang halves the vectors of AVX-512.
    let vectorFlags = ["-mprefer-vector-width=512"]
#else
    let vectorFlags: [String] = []
#endif
let kernelFlags = CSetting.unsafeFlags(
    ["-O3", "-fno-math-errno", "-fno-trapping-math"] + vectorFlags)

// With it the signals are open in all threads, which the test of their masks must notice.
let signalFlags: [CSetting] =
    Context.environment["SWIFT_LLM_OPEN_SIGNALS"] == nil ? [] : [.define("CSIGNALS_UNMASKED")]

// The MPI to link to: Open MPI, or with SWIFT_LLM_MPI=mpich MPICH, in a scratch folder of its own
// (--scratch-path .build-mpich).
let isMPICH = Context.environment["SWIFT_LLM_MPI"] == "mpich"

let package = Package(
    name: "swift-llm-train",
    products: [.executable(name: "swift-llm-train", targets: ["swift-llm-train"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", exact: "1.0.2"),
        .package(url: "https://github.com/apple/swift-system", exact: "1.8.1"),
        .package(
            url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1", traits: []),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    ],
    targets: [
        .systemLibrary(
            name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .systemLibrary(
            name: "COpenMPI", pkgConfig: isMPICH ? "mpich" : "ompi-c",
            providers: [.apt([isMPICH ? "libmpich-dev" : "libopenmpi-dev"])]),
        .systemLibrary(name: "CLibHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
        .systemLibrary(name: "CLibHwloc", pkgConfig: "hwloc", providers: [.apt(["libhwloc-dev"])]),

        .systemLibrary(
            name: "CLibGumbo", pkgConfig: "gumbo", providers: [.apt(["libgumbo-dev"])]),

        // oneDNN comes without a pkg-config file.
        .target(name: "CDNN", linkerSettings: [.linkedLibrary("dnnl")]),
        .target(name: "CHTML", dependencies: ["CLibGumbo"]),
        // bzip2 comes without one, too.
        .target(
            name: "CCompression",
            linkerSettings: ["z", "zstd", "bz2", "lzma", "snappy"].map { .linkedLibrary($0) }),
        .target(name: "CMPI", dependencies: ["COpenMPI"]),
        .target(name: "CHDF5", dependencies: ["CLibHDF5"]),
        .target(name: "CHwloc", dependencies: ["CLibHwloc"]),
        .target(name: "CKernels", cSettings: [kernelFlags]),
        .target(name: "CSignals", cSettings: signalFlags),

        .target(name: "Diagnostics", dependencies: [logging]),
        .target(name: "Options", dependencies: ["Diagnostics"]),
        .target(name: "Signals", dependencies: ["CSignals"]),
        .target(name: "Files", dependencies: ["Diagnostics"]),
        .target(name: "JSON", dependencies: ["Files"]),
        .target(name: "Jinja", dependencies: ["JSON"]),
        .target(name: "Collectives", dependencies: ["Files", "CMPI", "CKernels"]),
        .target(name: "Machine", dependencies: ["Files", "CHwloc"]),
        .target(
            name: "Corpus",
            dependencies: [
                "Options", "JSON", "Collectives", "CCompression", "CHTML", "CKernels", crypto,
            ]),
        .target(name: "Tokenizers", dependencies: ["Options", "Jinja", collections, crypto]),
        .target(name: "Datasets", dependencies: ["Tokenizers", "CHDF5", "CKernels", crypto]),
        .target(name: "Tensors", dependencies: ["Machine", "CDNN", "COpenBLAS", "CKernels"]),
        .target(name: "Models", dependencies: ["Options", "JSON", "Tensors"]),
        .target(
            name: "ModelFiles",
            dependencies: ["Models", "Tokenizers", "Machine", "CKernels", crypto]),
        .target(name: "Objectives", dependencies: ["Models", "Datasets"]),
        .target(name: "Generation", dependencies: ["Models", "Tokenizers"]),
        .target(name: "Evaluation", dependencies: ["Objectives", "Generation", "Collectives"]),
        .target(
            name: "Training", dependencies: ["Evaluation", "ModelFiles", "CKernels", "Signals"]),
        .target(name: "FineTuning", dependencies: ["Training"]),
        .target(
            name: "Web",
            dependencies: ["Files", "Signals", hummingbird, hummingbirdTLS, nioSSL, crypto]),
        .target(
            name: "Monitoring", dependencies: ["Training", "Web", subprocess],
            resources: [.embedInCode("Page/index.html")]),
        .target(
            name: "Serving", dependencies: ["Web", "Generation", "ModelFiles"],
            resources: [.embedInCode("Page/index.html")]),
        .target(
            name: "Runs",
            dependencies: [
                "Corpus", "FineTuning", "Generation", "Monitoring", "CDNN", "COpenBLAS", yams,
            ],
            resources: [.embedInCode("Tasks/tasks.yaml")]),
        .target(name: "Benchmarks", dependencies: ["Runs"]),
        .executableTarget(
            name: "swift-llm-train",
            dependencies: ["Benchmarks", "Serving", argumentParser, subprocess, system]),

        .executableTarget(
            name: "DistributedChecks", dependencies: ["TinyTrainings"],
            path: "Tests/DistributedChecks"),
        .target(
            name: "TemporaryFolders", dependencies: ["Diagnostics"], path: "Tests/TemporaryFolders"),
        .target(
            name: "TinyTrainings", dependencies: ["Training", "TemporaryFolders"],
            path: "Tests/TinyTrainings"),
        .target(
            name: "DistributedRuns", dependencies: ["OpenSignals", subprocess],
            path: "Tests/DistributedRuns"),
        .target(name: "OpenSignals", path: "Tests/OpenSignals"),
        .target(
            name: "ReferenceModels", dependencies: ["ModelFiles"], path: "Tests/ReferenceModels"),
        .executableTarget(
            name: "FuzzTargets", dependencies: ["Runs", argumentParser],
            path: "Tests/Fuzz", exclude: ["Corpus"]),
        .testTarget(name: "FuzzTests", dependencies: ["FuzzTargets", "DistributedRuns"]),
        .testTarget(name: "DiagnosticsTests", dependencies: ["Diagnostics"]),
        .testTarget(name: "JSONTests", dependencies: ["JSON"]),
        .testTarget(name: "FilesTests", dependencies: ["Files", "TemporaryFolders"]),
        .testTarget(
            name: "CorpusTests", dependencies: ["Corpus", "CCompression", "TemporaryFolders"]),
        .testTarget(name: "MachineTests", dependencies: ["Machine"]),
        .testTarget(name: "TokenizersTests", dependencies: ["Tokenizers", "Jinja"]),
        .testTarget(name: "DatasetsTests", dependencies: ["Datasets", "TemporaryFolders"]),
        .testTarget(name: "TensorsTests", dependencies: ["Tensors", "CKernels", "Machine"]),
        .testTarget(name: "ModelsTests", dependencies: ["ReferenceModels"]),
        .testTarget(name: "ObjectivesTests", dependencies: ["Objectives", "ReferenceModels"]),
        .testTarget(
            name: "ModelFilesTests",
            dependencies: ["ModelFiles", "ReferenceModels", "TemporaryFolders"]),
        .testTarget(
            name: "CollectivesTests",
            dependencies: [
                "Collectives", "DistributedChecks", "DistributedRuns", "TemporaryFolders",
            ]),
        .testTarget(name: "EvaluationTests", dependencies: ["Evaluation", "ReferenceModels"]),
        .testTarget(
            name: "TrainingTests",
            dependencies: ["ReferenceModels", "TinyTrainings"]),
        .testTarget(
            name: "GenerationTests",
            dependencies: ["Generation", "ReferenceModels", "TemporaryFolders"]),
        .testTarget(
            name: "MonitoringTests", dependencies: ["Monitoring", "TemporaryFolders"]),
        .testTarget(name: "WebTests", dependencies: ["Web", "TemporaryFolders"]),
        .testTarget(
            name: "ServingTests", dependencies: ["Serving", "DistributedRuns", "TemporaryFolders"]),
        .testTarget(
            name: "ProgramTests",
            dependencies: ["swift-llm-train", "ModelFiles", "DistributedRuns", "TemporaryFolders"]),
        .testTarget(
            name: "ClusterTests",
            dependencies: [
                "swift-llm-train", "DistributedRuns", "TemporaryFolders", "ModelFiles", "Training",
            ],
            path: "Tests/Cluster",
            exclude: ["hosts", "services", "slow-links", "island-links", "scaling"]),
    ],
    swiftLanguageModes: [.v6]
)

// The kernel benchmarks are targets of this package, since `package` access ends at its border, and stay
// out of every other build: SWIFT_LLM_BENCHMARKS=1 swift run -c release KernelBenchmarks
if Context.environment["SWIFT_LLM_BENCHMARKS"] != nil {
    package.dependencies.append(
        .package(url: "https://github.com/google/swift-benchmark", exact: "0.1.2"))
    package.targets.append(
        .executableTarget(
            name: "KernelBenchmarks",
            dependencies: [
                "Tensors", "CKernels", .product(name: "Benchmark", package: "swift-benchmark"),
            ],
            path: "Tests/Benchmarks/Kernels"))
}

// The pages of the targets (launch/docs) are made by a plugin, which stays out of every other build too.
if Context.environment["SWIFT_LLM_DOCS"] != nil {
    package.dependencies.append(
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", exact: "1.5.0"))
}
