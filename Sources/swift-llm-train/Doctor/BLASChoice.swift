import Foundation
import Tensors

/// Who chose the kernels of OpenBLAS: itself, the environment, or this program, which starts again with
/// better ones where OpenBLAS does not know the processor.
package struct BLASChoice: Equatable {
    package enum Chooser: String {
        case openBLAS = "openblas"
        case environment
        case program
    }

    package let chooser: Chooser
    /// What OpenBLAS chose by itself; nil where the environment left it no choice.
    package let ownCore: String?

    /// Carries the own choice of OpenBLAS across the restart.
    private static let variable = "SWIFT_LLM_TRAIN_OWN_BLAS_CORE"

    /// Called before the restart, and again after it, when there is nothing new to remember.
    static func remember(_ kernels: ComputeKernels) {
        guard getenv(ComputeKernels.blasCoreVariable) == nil else { return }
        setenv(variable, kernels.blasCore, 1)
    }

    package static func current(
        _ kernels: ComputeKernels,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> BLASChoice {
        let forced = environment[ComputeKernels.blasCoreVariable]
        let ownCore = environment[variable]
        return switch (forced, ownCore) {
        case (nil, _): BLASChoice(chooser: .openBLAS, ownCore: kernels.blasCore)
        case (_, nil): BLASChoice(chooser: .environment, ownCore: nil)
        default: BLASChoice(chooser: .program, ownCore: ownCore)
        }
    }

    func meaning(_ kernels: ComputeKernels) -> String {
        switch chooser {
        case .openBLAS: "OpenBLAS chose these kernels by itself."
        case .environment:
            "\(ComputeKernels.blasCoreVariable) in the environment chose these kernels."
        case .program:
            "OpenBLAS by itself chose its \(ownCore ?? "") kernels, which are weaker: the program "
                + "started again with \(ComputeKernels.blasCoreVariable)=\(kernels.blasCore)."
        }
    }
}
