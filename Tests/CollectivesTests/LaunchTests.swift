import Collectives
import Diagnostics
import Testing

@Suite struct LaunchTests {
    @Test(arguments: [[:], ["SLURM_NTASKS": "8"], ["SLURM_STEP_NUM_TASKS": "1"]])
    func withoutLauncherThereIsNoLaunch(environment: [String: String]) throws {
        #expect(try Launch(environment: environment) == nil)
    }

    @Test func openMPIIsAskedFirst() throws {
        let launch = try Launch(environment: [
            "OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "3", "PMIX_RANK": "1",
            "SLURM_STEP_NUM_TASKS": "2",
        ])
        #expect(launch == Launch(launcher: "mpirun of Open MPI", rank: 3, worldSize: 4))
    }

    @Test func slurmWithPMIxGivesRankAndCount() throws {
        let environment = ["PMIX_RANK": "1", "SLURM_STEP_NUM_TASKS": "2"]
        let launch = try #require(try Launch(environment: environment))
        #expect(launch.rank == 1)
        #expect(launch.worldSize == 2)
    }

    @Test func slurmTasksWithoutPMIAreRefused() {
        #expect(throws: Failure.self) { try Launch(environment: ["SLURM_STEP_NUM_TASKS": "2"]) }
    }

    @Test func anotherCountOfRanksIsRefused() throws {
        let openMPI = MPILibrary(
            describing: "Open MPI v4.1.4, package: Debian, ident: 4.1.4", standard: "3.1")
        let launch = Launch(launcher: "a PMI launcher", rank: 0, worldSize: 4)
        try launch.requireWorldSize(4, of: openMPI)
        try Launch(launcher: "srun", rank: 0, worldSize: nil).requireWorldSize(1, of: openMPI)
        let failure = #expect(throws: Failure.self) {
            try launch.requireWorldSize(1, of: openMPI)
        }
        #expect(
            failure?.line
                == "the program was started by the launcher of another MPI: expected 4 ranks, as "
                + "a PMI launcher says, got 1 from Open MPI 4.1.4, to which the program is "
                + "linked; start it with mpirun of Open MPI (on Debian: mpirun.openmpi)")
    }

    @Test(arguments: [
        (
            "MPICH Version:\t4.0.2\nMPICH Release date:\tThu Apr  7 12:34:45 CDT 2022\n",
            "MPICH", "MPICH 4.0.2", "mpiexec of MPICH (on Debian: mpiexec.mpich)"
        ),
        (
            "Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4, repo rev: v4.1.4",
            "Open MPI", "Open MPI 4.1.4", "mpirun of Open MPI (on Debian: mpirun.openmpi)"
        ),
        (
            "Intel(R) MPI Library 2021.9 for Linux* OS\n",
            "Intel(R) MPI Library", "Intel(R) MPI Library 2021.9", "mpiexec of Intel(R) MPI Library"
        ),
        ("MVAPICH2", "MVAPICH2", "MVAPICH2", "mpiexec of MVAPICH2"),
    ])
    func librariesAreKnownByWhatTheySay(
        text: String, flavour: String, name: String, launcher: String
    ) {
        let library = MPILibrary(describing: text, standard: "3.1")
        #expect(library.flavour == flavour)
        #expect(library.name == name)
        #expect(library.launcher == launcher)
    }
}
