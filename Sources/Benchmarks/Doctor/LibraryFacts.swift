import Collectives
import Datasets
import JSON
import Runs
import Tensors

/// The libraries that the program computes, talks and stores with.
package struct LibraryFacts: DoctorPart {
    package let kernels: ComputeKernels
    package let choice: KernelChoice
    let blasVersion: String
    let oneDNNVersion: String
    package let mpi: MPILibrary
    let isMPIRunning: Bool
    let hdf5Version: String

    package init(_ compute: ComputeResources, isMPIRunning: Bool) throws {
        kernels = compute.kernels
        choice = compute.choice
        self.isMPIRunning = isMPIRunning
        blasVersion = ComputeKernels.blasVersion
        oneDNNVersion = ComputeKernels.oneDNNVersion
        mpi = try MPILibrary.current()
        hdf5Version = try HDF5Library.version()
    }

    package var title: String { "Libraries" }

    package var lines: [DoctorLine] {
        let start =
            isMPIRunning
            ? "Started by a launcher: the ranks talk through it."
            : "Not started: this is one process. Under mpirun the ranks talk through it."
        return [
            DoctorLine(
                "BLAS", "OpenBLAS \(blasVersion), \(kernels.blasCore) kernels",
                isOneDNNInUse
                    ? "Not used: oneDNN multiplies." : "Multiplies fp32." + Self.use),
            DoctorLine(
                "oneDNN", "\(oneDNNVersion), \(kernels.oneDNNInstructionSet) instructions",
                (isOneDNNInUse ? "Multiplies fp32." : "Does not multiply fp32.")
                    + bfloat16Use + (isOneDNNInUse ? Self.use : "")),
            KernelChoiceFacts(choice: choice).line,
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

    private var bfloat16Use: String {
        guard ComputeKernels.hasBFloat16 else {
            return " This processor has no instructions for bf16: train in fp32."
        }
        return kernels.products.widensBFloat16
            ? " Could multiply bf16 by instructions made for it."
            : " Multiplies bf16 by instructions made for it."
    }

    private var instructions: String {
        switch kernels.instructionSet {
        case "x86-64-v4": "AVX-512, 16 floats at a time"
        case "x86-64-v3": "AVX2, 8 floats at a time"
        default: "4 floats at a time"
        }
    }

    package var warnings: [String] { [] }

    package var json: [String: JSONValue] {
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
            "kernels": .object(
                KernelChoiceFacts(choice: choice).json.merging([
                    "instruction_set": .string(kernels.instructionSet)
                ]) { $1 }),
            "mpi": .object([
                "flavour": .string(mpi.flavour), "version": .string(mpi.version),
                "standard": .string(mpi.standard), "is_running": .boolean(isMPIRunning),
            ]),
            "hdf5": .object(["version": .string(hdf5Version)]),
        ]
    }
}
