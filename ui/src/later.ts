/** What all pages share that are not part of the first load. */
import "@/i18n/rest";
import "@/styles/later.css";
