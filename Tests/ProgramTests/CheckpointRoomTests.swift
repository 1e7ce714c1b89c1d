import Diagnostics
import Logging
import Runs
import Testing
import Training

/// How many checkpoints a run will want at one time.
@Suite struct CheckpointRoomTests {
    @Test(arguments: [
        (0, 100, 25, 4), (0, 90, 25, 4), (50, 100, 25, 2), (0, 100, 0, 1), (100, 100, 25, 0),
        (0, 3, 5, 1),
    ])
    func savesComeEverySoManyStepsAndAtTheEnd(step: Int, last: Int, every: Int, count: Int) {
        #expect(CheckpointRoom.saves(after: step, to: last, every: every) == count)
    }

    private func room(
        keep: Int, best: Bool = false, present: Int = 0, coming: Int
    ) -> CheckpointRoom {
        var options = CheckpointOptions()
        (options.keepLast, options.keepBest) = (keep, best)
        return CheckpointRoom(
            fileSizes: [40, 60], options: options, presentCount: present, comingCount: coming)
    }

    @Test(arguments: [
        (3, false, 0, 10, 4), (3, true, 0, 10, 5), (3, false, 3, 10, 1), (3, false, 5, 10, 1),
        (0, false, 2, 10, 10), (3, false, 0, 2, 2), (3, false, 1, 0, 0),
    ])
    func oneMoreThanAreKeptIsThereWhileItIsSaved(
        keep: Int, best: Bool, present: Int, coming: Int, most: Int
    ) {
        let room = room(keep: keep, best: best, present: present, coming: coming)
        #expect(room.mostMoreAtOnce == most)
    }

    @Test func notEvenOneIsRefused() throws {
        let logger = Logger(label: "") { _ in SwiftLogNoOpLogHandler() }
        let room = room(keep: 3, coming: 10)
        try room.check(freeBytes: 100, fileLimit: 60, at: "run", logger)
        let disk = #expect(throws: Failure.self) {
            try room.check(freeBytes: 99, fileLimit: nil, at: "run", logger)
        }
        #expect(disk?.what == "the disk has no room for a checkpoint")
        #expect(disk?.exitCode == 1)
        #expect(throws: Failure.self) {
            try room.check(freeBytes: 1000, fileLimit: 59, at: "run", logger)
        }
    }
}
