import Collectives
import Foundation
import TemporaryFolders
import Testing

@Suite struct SharedMemorySegmentsTests {
    @Test func onlyNotedFilesThatNobodyMapsAreRemoved() throws {
        let folder = try TemporaryFolder()
        for name in ["noted", "mapped", "of-others"] { try folder.write("", to: name) }
        try FileManager.default.createDirectory(
            atPath: folder("proc/17"), withIntermediateDirectories: true)
        try FileManager.default.createDirectory(
            atPath: folder("proc/self"), withIntermediateDirectories: true)
        try folder.write(
            "7f00-7f01 rw-s 0 00:1a 9 \(folder("mapped"))\n7f01-7f02 rw-p 0 0:0 0\n"
                + "7f02-7f03 rw-s 0 00:1a 9 \(folder("gone")) (deleted)\n",
            to: "proc/17/maps")
        let segments = SharedMemorySegments(folder: folder.path, processes: folder("proc"))
        #expect(segments.own.isEmpty)
        #expect(segments.remove(["noted", "mapped", "missing", "../noted", "proc"]) == ["noted"])
        #expect(try folder.names == ["mapped", "of-others", "proc"])
    }
}
