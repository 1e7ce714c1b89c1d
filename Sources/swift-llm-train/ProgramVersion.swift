import Benchmarks
import Collectives
import Datasets
import Diagnostics
import Tensors

/// What `--version` prints.
enum ProgramVersion {
    /// The program's version and those of its libraries, on one line.
    static var text: String {
        var libraries = ["OpenBLAS \(ComputeKernels.blasVersion)"]
        if let mpi = try? MPILibrary.current() { libraries.append(mpi.name) }
        if let hdf5 = try? HDF5Library.version() { libraries.append("HDF5 \(hdf5)") }
        return "swift-llm-train \(ProgramNumber.text) (\(libraries.joined(separator: ", ")))"
    }
}
