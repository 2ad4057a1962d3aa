// Reads a QR code where the browser can (BarcodeDetector: Android, macOS, ChromeOS); elsewhere nothing is offered.

interface Detector {
  detect(of: ImageBitmapSource): Promise<{ rawValue: string }[]>;
}
interface DetectorClass {
  new (options: { formats: string[] }): Detector;
  getSupportedFormats(): Promise<string[]>;
}

export interface CodeReader {
  read: (of: Blob | HTMLVideoElement) => Promise<string | null>; // null: there is none to be read
}

const FORMAT = "qr_code";

export async function codeReader(
  known = (globalThis as { BarcodeDetector?: DetectorClass }).BarcodeDetector,
): Promise<CodeReader | null> {
  const formats = await known?.getSupportedFormats().catch((): string[] => []);
  if (!known || !formats?.includes(FORMAT)) return null;
  const detector = new known({ formats: [FORMAT] });
  const read: CodeReader["read"] = async (of) => {
    try {
      const picture = of instanceof Blob ? await createImageBitmap(of) : of;
      const [found] = await detector.detect(picture);
      return found?.rawValue ?? null;
    } catch {
      return null; // no picture, or one that is not there yet
    }
  };
  return { read };
}

// A camera is there only for pages over https, or on this machine.
export const hasCamera = () => navigator.mediaDevices?.getUserMedia !== undefined;
