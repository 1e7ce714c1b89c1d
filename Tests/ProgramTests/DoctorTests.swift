import Benchmarks
import Collectives
import Foundation
import JSON
import Machine
import ModelFiles
import Runs
import Subprocess
import Tensors
import Testing

/// What the doctor finds; its measurements in the quick variant.
@Suite struct DoctorTests {
    private static let keys = [
        "all_reduce", "blas", "disk", "format_version", "hdf5", "host", "kernels", "limits",
        "memory", "mpi", "onednn", "processor", "ranks", "shared_memory", "speed", "warnings",
        "world_size",
    ]

    /// No test depends on a measurement of the kernels.
    private static let environment = [KernelChoice.variable: "default"]

    private func number(_ json: JSONValue, _ path: String) -> Double {
        let value = path.split(separator: ".").reduce(json) { $0[String($1)] ?? .null }
        return value.double ?? -1
    }

    /// The bounds hold for every computer of these decades.
    private func expectSaneValues(_ json: JSONValue) {
        #expect(json.object?.keys.sorted() == Self.keys)
        #expect((1...100_000).contains(number(json, "processor.online_cores")))
        #expect((1...10_000).contains(number(json, "processor.numa_nodes")))
        let total = number(json, "memory.total_bytes")
        #expect((1e8...1e15).contains(total))
        #expect((1...total).contains(number(json, "memory.available_bytes")))
        #expect(number(json, "disk.total_bytes") >= number(json, "disk.free_bytes"))
        #expect((3...1e6).contains(number(json, "limits.open_files")))
        #expect((0.5...2000).contains(number(json, "speed.fma_core_gflops")))
        #expect((0.5...100_000).contains(number(json, "speed.sgemm_gflops")))
        #expect((0.5...100).contains(number(json, "speed.sgemm_percent_of_peak")))
        let hasBFloat16 = json["onednn"]?["has_bf16"]?.boolean == true
        #expect(hasBFloat16 == ComputeKernels.hasBFloat16)
        #expect(hasBFloat16 == (number(json, "speed.bf16_gflops") > 0.5))
        #expect(json["onednn"]?["version"]?.string?.split(separator: ".").count == 3)
        #expect((0.1...100_000).contains(number(json, "speed.copy_gb_per_second")))
        #expect(json["hdf5"]?["version"]?.string?.split(separator: ".").count == 3)
        #expect(json["mpi"]?["flavour"]?.string?.isEmpty == false)
        #expect(json["mpi"]?["version"]?.string?.first?.isNumber == true)
        #expect(json["blas"]?["core"]?.string?.isEmpty == false)
    }

    @Test func oneProcessGivesSaneValuesAndNoAllReduce() throws {
        let report = try Doctor(
            communicator: SingleProcess(), effort: .quick, environment: Self.environment
        ).report()
        let json = try JSONValue(parsing: Array(report.json.text().utf8), at: "the report")
        expectSaneValues(json)
        #expect(json["all_reduce"] == .null)
        #expect(json["world_size"] == .integer(1))
        #expect(json["mpi"]?["is_running"] == .boolean(false))
        #expect(json["warnings"]?.array?.count == report.warnings.count)
    }

    @Test func reportFitsATerminalAndExplainsEveryFigure() throws {
        let report = try Doctor(
            communicator: SingleProcess(), effort: .quick, environment: Self.environment
        ).report()
        let lines = report.text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.allSatisfy { $0.count <= 80 })
        let names = [
            "cores", "memory", "disk", "limits", "BLAS", "kernels", "MPI", "HDF5", "FMA peak",
            "oneDNN", "products", "sgemm", "bf16", "memory copy", "all-reduce",
        ]
        for name in names {
            let index = try #require(lines.firstIndex { $0.hasPrefix("  \(name) ") })
            #expect(lines[index + 1].hasPrefix("              "), "\(name) is not explained")
        }
    }

    @Test func twoRanksPrintOneObjectWithTheirAllReduce() async throws {
        let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent("swift-llm-train").path
        let result = try await Subprocess.run(
            .name("timeout"),
            arguments: [
                "--kill-after=2", "60", "mpirun", "--oversubscribe", "-n", "2", program, "doctor",
                "--json", "--quick",
            ],
            environment: .inherit.updating([
                "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                "OMPI_MCA_btl_vader_single_copy_mechanism": "none",
                "SWIFT_LLM_KERNELS": "default",
            ]),
            output: .string(limit: 65_536), error: .string(limit: 65_536))
        #expect(result.terminationStatus == .exited(0))
        let json = try JSONValue(parsing: Array(result.standardOutput.utf8), at: "the output")
        expectSaneValues(json)
        #expect(json["world_size"] == .integer(2))
        #expect(json["ranks"]?.array?.count == 2)
        #expect(json["mpi"]?["is_running"] == .boolean(true))
        #expect((0.001...10_000).contains(number(json, "all_reduce.gb_per_second")))
    }

    @Test(arguments: [
        (
            "Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4, repo rev: v4.1.4, May 26, 2022",
            "Open MPI", "4.1.4"
        ),
        ("MPICH Version:\t4.0.2\nMPICH Release date:\tThu Apr  7 2022", "MPICH", "4.0.2"),
        (
            "Intel(R) MPI Library 2021.5 for Linux* OS\n", "Intel(R) MPI Library", "2021.5"
        ),
        ("MVAPICH2 Version      :\t2.3.7", "MVAPICH2", "2.3.7"),
        ("some MPI", "some MPI", ""),
    ])
    func mpiLibrariesAreToldApart(text: String, flavour: String, version: String) {
        let library = MPILibrary(describing: text, standard: "3.1")
        #expect(library.flavour == flavour)
        #expect(library.version == version)
    }

    @Test func reportNamesTheOneLibraryThatMultipliesFloats() throws {
        let report = try Doctor(
            communicator: SingleProcess(), effort: .quick, environment: Self.environment
        ).report()
        let usesOneDNN = ProductKernels.usual.floats == .oneDNN
        #expect(report.json["onednn"]?["multiplies_fp32"] == .boolean(usesOneDNN))
        #expect(report.json["blas"]?["multiplies_fp32"] == .boolean(!usesOneDNN))
        #expect(report.json["kernels"]?["origin"] == .string("pinned"))
        #expect(report.json["kernels"]?["products"] == .string(ProductKernels.usual.name))
        #expect(report.text.split(separator: "Multiplies fp32").count == 2)
        #expect(!report.text.contains("OPENBLAS_CORETYPE"))
    }

    @Test func memoryIsReadInBytes() {
        let memory = SystemFile.memory(
            parsing: "MemTotal:       16384 kB\nMemFree: 1 kB\nHugePages_Total:       3\nodd\n")
        #expect(memory == ["MemTotal": 16_777_216, "MemFree": 1024, "HugePages_Total": 3])
    }
}
