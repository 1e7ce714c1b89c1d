import CDNN
import CKernels
import COpenBLAS
import Foundation

/// Which kernels this process computes with. The bits of a result depend on them, so all ranks of a run
/// must have the same.
package struct ComputeKernels: Equatable, Sendable {
    /// OpenBLAS's name of its kernels ("SkylakeX", "Haswell").
    package let blasCore: String
    /// oneDNN's name of the instructions that it uses ("AVX512_CORE_BF16").
    package let oneDNNInstructionSet: String
    /// The clone of our own kernels ("x86-64-v4").
    package let instructionSet: String

    /// The kernels in use. From here on OpenBLAS keeps to the calling thread: its own threading changes
    /// bits with the thread count.
    package static func prepare() -> ComputeKernels {
        openblas_set_num_threads(1)
        return ComputeKernels(
            blasCore: String(cString: openblas_get_corename()),
            oneDNNInstructionSet: String(cString: cdnn_instruction_set()),
            instructionSet: String(cString: kernel_instruction_set()))
    }

    /// Who multiplies matrices of floats. With AVX-512, oneDNN is 5 to 10 % faster, and knows
    /// processors that are younger than OpenBLAS.
    package enum Library: Sendable {
        case oneDNN, openBLAS
    }

    package static let library = cdnn_has_avx512() != 0 ? Library.oneDNN : .openBLAS

    /// Whether the processor, and oneDNN, multiply bfloat16 by instructions made for it.
    package static let hasBFloat16 = cdnn_has_bfloat16() != 0

    package var description: String {
        let products =
            Self.library == .oneDNN ? "oneDNN \(oneDNNInstructionSet)" : "OpenBLAS \(blasCore)"
        return "\(products), kernels \(instructionSet)"
    }

    /// The core that fits the processor where OpenBLAS picked a weaker one, as it does for processors
    /// younger than itself; nil where its choice is good.
    package var betterBLASCore: String? {
        guard Self.library == .openBLAS else { return nil }
        let wide = ["SkylakeX", "Cooperlake", "Sapphirerapids"]
        let medium = ["Haswell", "Zen"]
        switch instructionSet {
        case "x86-64-v4" where !wide.contains(blasCore): return "SkylakeX"
        case "x86-64-v3" where !(wide + medium).contains(blasCore): return "Haswell"
        default: return nil
        }
    }
}

extension ComputeKernels {
    /// OpenBLAS reads its core from here when it is loaded, and only then.
    package static let blasCoreVariable = "OPENBLAS_CORETYPE"

    /// Starts the program again, in the same process, with the better core in its environment.
    /// Returns where there is none, where the user has chosen a core, or where it cannot be done.
    package func restartWithBetterBLASCore() {
        guard let core = betterBLASCore, getenv(Self.blasCoreVariable) == nil else { return }
        setenv(Self.blasCoreVariable, core, 1)
        var arguments = CommandLine.arguments.map { strdup($0) }
        arguments.append(nil)
        execv("/proc/self/exe", arguments)
        unsetenv(Self.blasCoreVariable)
    }
}
