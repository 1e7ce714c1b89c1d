import Diagnostics

/// What the launcher of an MPI job (mpirun, mpiexec, srun) passes to a process in its environment.
package struct Launch: Equatable, Sendable {
    package var launcher: String
    package var rank: Int
    /// The number of ranks; nil where the launcher leaves it to MPI.
    package var worldSize: Int?

    package init(launcher: String, rank: Int, worldSize: Int?) {
        self.launcher = launcher
        self.rank = rank
        self.worldSize = worldSize
    }

    /// Reads `environment`; nil where the program was started without a launcher.
    ///
    /// Throws where Slurm started several tasks and gave them no way to find each other: each of
    /// them would take itself for the whole run.
    package init?(environment: [String: String]) throws {
        func number(_ key: String) -> Int? { environment[key].flatMap { Int($0) } }

        if let worldSize = number("OMPI_COMM_WORLD_SIZE") {
            let rank = number("OMPI_COMM_WORLD_RANK") ?? 0
            self.init(launcher: "mpirun of Open MPI", rank: rank, worldSize: worldSize)
        } else if let worldSize = number("PMI_SIZE") {
            let rank = number("PMI_RANK") ?? 0
            self.init(launcher: "a PMI launcher", rank: rank, worldSize: worldSize)
        } else if let rank = number("PMIX_RANK") {
            let worldSize = number("SLURM_STEP_NUM_TASKS")
            self.init(launcher: "a PMIx launcher", rank: rank, worldSize: worldSize)
        } else if let taskCount = number("SLURM_STEP_NUM_TASKS"), taskCount > 1 {
            throw Failure(
                "srun started \(Quantity.count(taskCount, "task")) that cannot find each other",
                expected: "PMIX_RANK or PMI_SIZE in the environment",
                remedy: "use srun --mpi=pmix (MPICH: --mpi=pmi2), or mpirun")
        } else {
            return nil
        }
    }

    /// Throws unless MPI, which is `library`, counts as many ranks as the launcher started.
    package func requireWorldSize(_ actual: Int, of library: MPILibrary) throws {
        guard let worldSize, worldSize != actual else { return }
        throw Failure(
            "the program was started by the launcher of another MPI",
            expected: "\(Quantity.count(worldSize, "rank")), as \(launcher) says",
            got: "\(actual) from \(library.name), to which the program is linked",
            remedy: "start it with \(library.launcher)")
    }
}
