package org.smemv.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RecordFileTest {
  @TempDir Path directory;

  @Test
  void aRecordIsReplacedAsAWholeAlsoAfterACrashWhileOneWasWritten() throws Exception {
    Path file = directory.resolve("record");
    RecordFile.replace(file, "the first, which is longer");
    Files.writeString(directory.resolve("record.new"), "what a crash left, longer than all others");
    RecordFile.replace(file, "the second");

    assertThat(file).hasContent("the second");
    assertThat(directory).isDirectoryNotContaining("glob:**.new");
  }

  @Test
  void aRecordThatIsNotThereIsDeletedAllTheSame() throws Exception {
    Path file = directory.resolve("record");
    RecordFile.replace(file, "x");
    RecordFile.delete(file);
    RecordFile.delete(file);

    assertThat(directory).isEmptyDirectory();
  }
}
