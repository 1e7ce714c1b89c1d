import CDNN
import COpenBLAS
import Collectives
import Datasets
import JSON
import ModelFiles
import Tensors

/// The libraries that the program computes, talks and stores with.
struct LibraryFacts: DoctorPart {
    let kernels: ComputeKernels
    let blasVersion: String
    let oneDNNVersion: String
    let mpi: MPILibrary
    let isMPIRunning: Bool
    let hdf5Version: String

    init(kernels: ComputeKernels, isMPIRunning: Bool) throws {
        self.kernels = kernels
        self.isMPIRunning = isMPIRunning
        blasVersion = Self.linkedBLASVersion
        var version: (major: Int32, minor: Int32, patch: Int32) = (0, 0, 0)
        cdnn_version(&version.major, &version.minor, &version.patch)
        oneDNNVersion = "\(version.major).\(version.minor).\(version.patch)"
        mpi = try MPILibrary.current()
        hdf5Version = try HDF5Library.version()
    }

    static var linkedBLASVersion: String {
        let words = String(cString: openblas_get_config()).split(separator: " ")
        return words.dropFirst().first.map(String.init) ?? "unknown"
    }

    var title: String { "Libraries" }

    var lines: [DoctorLine] {
        let start =
            isMPIRunning
            ? "Started by a launcher: the ranks talk through it."
            : "Not started: this is one process. Under mpirun the ranks talk through it."
        return [
            DoctorLine(
                "BLAS", "OpenBLAS \(blasVersion), \(kernels.blasCore) kernels",
                isOneDNNInUse
                    ? "Not used: oneDNN multiplies." : "Multiplies fp32, \(reason)." + Self.use),
            DoctorLine(
                "oneDNN", "\(oneDNNVersion), \(kernels.oneDNNInstructionSet) instructions",
                (isOneDNNInUse ? "Multiplies fp32, \(reason)." : "Does not multiply fp32.")
                    + (ComputeKernels.hasBFloat16
                        ? " Multiplies bf16 by instructions made for it."
                        : " This processor has no instructions for bf16: train in fp32.")
                    + (isOneDNNInUse ? Self.use : "")),
            DoctorLine(
                "kernels", kernels.instructionSet,
                "The instructions of our own loops (GELU, layer norm, softmax, AdamW): "
                    + instructions + "."),
            DoctorLine("MPI", "\(mpi.flavour) \(mpi.version), MPI \(mpi.standard)", start),
            DoctorLine("HDF5", hdf5Version, "Token shards are read and written with it."),
        ]
    }

    private static let use = " Most of a training step is spent in its products."

    private var isOneDNNInUse: Bool { kernels.products.floats == .oneDNN }

    /// Why this library multiplies floats.
    private var reason: String {
        switch kernels.products.floats {
        case .oneDNN where kernels.oneDNNInstructionSet.contains("AVX512"):
            "being the faster one with AVX-512"
        case .oneDNN: "since OpenBLAS does not know this processor"
        case .openBLAS: "being the faster one without AVX-512"
        }
    }

    private var instructions: String {
        switch kernels.instructionSet {
        case "x86-64-v4": "AVX-512, 16 floats at a time"
        case "x86-64-v3": "AVX2, 8 floats at a time"
        default: "4 floats at a time"
        }
    }

    var warnings: [String] { [] }

    var json: [String: JSONValue] {
        [
            "blas": .object([
                "library": .string("OpenBLAS"), "version": .string(blasVersion),
                "core": .string(kernels.blasCore), "multiplies_fp32": .boolean(!isOneDNNInUse),
            ]),
            "onednn": .object([
                "version": .string(oneDNNVersion),
                "instruction_set": .string(kernels.oneDNNInstructionSet),
                "has_bf16": .boolean(ComputeKernels.hasBFloat16),
                "multiplies_fp32": .boolean(isOneDNNInUse),
            ]),
            "kernels": .object(["instruction_set": .string(kernels.instructionSet)]),
            "mpi": .object([
                "flavour": .string(mpi.flavour), "version": .string(mpi.version),
                "standard": .string(mpi.standard), "is_running": .boolean(isMPIRunning),
            ]),
            "hdf5": .object(["version": .string(hdf5Version)]),
        ]
    }
}
