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
        let launch = Launch(launcher: "mpirun", rank: 0, worldSize: 4)
        try launch.requireWorldSize(4)
        #expect(throws: Failure.self) { try launch.requireWorldSize(1) }
        try Launch(launcher: "mpirun", rank: 0, worldSize: nil).requireWorldSize(1)
    }
}
