import Diagnostics
import Files
import Foundation
import ModelFiles
import TemporaryFolders
import Testing

/// A disk of 64 KB, where the tests may mount one.
final class SmallDisk {
    let folder: TemporaryFolder

    init?() {
        guard let folder = try? TemporaryFolder(),
            mount("none", folder.path, "tmpfs", 0, "size=64k") == 0
        else { return nil }
        self.folder = folder
    }

    deinit { umount2(folder.path, Int32(MNT_DETACH)) }

    static let isPossible = SmallDisk() != nil
}

@Suite struct FullDiskTests {
    private static let remedy = "free space on the disk or choose another output"

    @Test(.enabled(if: SmallDisk.isPossible, "needs the right to mount"))
    func fullDiskLeavesNothingOfAModel() throws {
        let disk = try #require(SmallDisk())
        let values = [Float](repeating: 1, count: 1 << 16)
        values.withUnsafeBufferPointer { values in
            let tensor = NamedTensor(name: "a", shape: [values.count], values: values)
            #expect {
                try PublishedDirectory.write(to: disk.folder("d")) { path in
                    try SafetensorsWriter.write([tensor], to: "\(path)/model.safetensors")
                }
            } throws: { error in
                (error as? Failure)?.remedy == Self.remedy
            }
        }
        #expect(try disk.folder.names.isEmpty)
    }
}
